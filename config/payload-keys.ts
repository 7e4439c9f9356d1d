/** The keys that payloads are encrypted with: those of the environment, else those of the `temporal` section. */
import { howToMakeOne, keyForm, parsePayloadKey, PayloadError, type PayloadKey, payloadKeysIn } from '../codec/keys.ts';
import type { TemporalConfig } from '../domain/config.ts';
import { resolveSecret } from './secrets.ts';

/** `env` null: only the section counts. */
export async function payloadKeys(
  encryption: TemporalConfig['encryption'],
  env: NodeJS.ProcessEnv | null,
): Promise<readonly PayloadKey[]> {
  const named = env === null ? [] : payloadKeysIn(env);
  if (named.length > 0) return named;
  return Promise.all((encryption?.keys ?? []).map((reference) => keyAt(reference, env ?? process.env)));
}

async function keyAt(reference: string, env: NodeJS.ProcessEnv): Promise<PayloadKey> {
  const key = parsePayloadKey(await resolveSecret(reference, env));
  if (key !== null) return key;
  const message = `temporal.encryption.keys: "${reference}" does not hold a key`;
  throw new PayloadError({ code: 'bad-payload-key', message, detail: keyForm, hint: howToMakeOne });
}
