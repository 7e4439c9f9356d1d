/**
 * The key that this worker signs reports with: the configured one, else its own in the data folder, made at first start.
 * The worker signs when a change ends; who exports a report later needs no secret, and could not sign another one.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, isMissing, makePrivateFolder, syncFolder } from '../agent/durable.ts';
import { ProblemsError } from '../config/problems-error.ts';
import { resolveSecret } from '../config/secrets.ts';
import { newSecretKey, type Signer, signerFrom } from '../report/signing-key.ts';

export interface KeyPlace {
  /** A secret reference; null: the file is used. */
  readonly configured: string | null;
  /** null: without a configured key, reports are not signed. */
  readonly file: string | null;
}

/**
 * Throws what is wrong with a key that is configured or there: a report that was to be signed must not go unsigned. Where
 * none can be made, changes are guarded all the same: `unsigned` is told why.
 */
export async function signingKey(
  { configured, file }: KeyPlace,
  unsigned: (why: string) => void = () => undefined,
): Promise<Signer | null> {
  if (configured !== null) return signer(await resolveSecret(configured), 'report.signingKey');
  if (file === null) return null;
  const found = await keyIn(file);
  if (found !== null) return found;
  await makeKey(file).catch((error: Error) => unsigned(error.message));
  return keyIn(file);
}

/** The same, for who only looks: nothing is made. */
export async function existingKey({ configured, file }: KeyPlace): Promise<Signer | null> {
  return configured === null && file !== null ? keyIn(file) : signingKey({ configured, file: null });
}

async function keyIn(file: string): Promise<Signer | null> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw wrong(`key file ${file} may be read by others`, `Run: chmod 600 ${file}`);
    return signer(await readFile(file, 'utf8'), `key file ${file}`);
  } catch (error) {
    if (isMissing(error) || hasCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

/** Whole or not at all; of two processes that make it at once, one does. */
async function makeKey(file: string): Promise<void> {
  await makePrivateFolder(dirname(file));
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(newSecretKey());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await syncFolder(dirname(file));
}

function signer(pem: string, name: string): Signer {
  const found = signerFrom(pem);
  if (found !== null) return found;
  throw wrong(`${name} holds no Ed25519 key in PEM`, 'Make one: openssl genpkey -algorithm ed25519');
}

function wrong(message: string, hint: string): ProblemsError {
  return new ProblemsError([{ code: 'bad-signing-key', message, hint }]);
}
