/** Keys of payloads: 32 random bytes as 64 hexadecimal digits, each named by an id that tells nothing about it. */
import { createHash, randomBytes } from 'node:crypto';
import type { Problem } from '../domain/problem.ts';

export interface PayloadKey {
  /** 16 hexadecimal digits. It stands in every payload, so that the key is found again after a rotation. */
  readonly id: string;
  readonly key: Buffer;
}

/** For pipelines that have no file of ours: keys as text, separated by spaces or commas, the one that encrypts first. */
export const keysVariable = 'KNOWNGOOD_PAYLOAD_KEYS';

const keyBytes = 32;

export const keyForm = 'Expected 64 hexadecimal digits.';
export const howToMakeOne = 'Make one: knowngood key payloads <file>';

export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super([problem.message, problem.detail].filter(Boolean).join(': '));
    this.problem = problem;
  }
}

export function newPayloadKey(): string {
  return randomBytes(keyBytes).toString('hex');
}

/** null: it is none. Never shown: it may be another secret. */
export function parsePayloadKey(text: string): PayloadKey | null {
  if (!/^[0-9a-f]{64}$/i.test(text)) return null;
  const key = Buffer.from(text, 'hex');
  const id = createHash('sha256').update('knowngood payload key id\0').update(key).digest('hex').slice(0, 16);
  return { id, key };
}

/** Those that the environment names; none: it names none. */
export function payloadKeysIn(env: NodeJS.ProcessEnv): readonly PayloadKey[] {
  const texts = (env[keysVariable] ?? '').split(/[\s,]+/).filter((text) => text !== '');
  return texts.map((text, at) => {
    const key = parsePayloadKey(text);
    if (key !== null) return key;
    const message = `${keysVariable}: key ${at + 1} of ${texts.length} is none`;
    throw new PayloadError({ code: 'bad-payload-key', message, detail: keyForm, hint: howToMakeOne });
  });
}
