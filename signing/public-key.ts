/** Public Ed25519 keys as OpenSSH writes them, one line each. Every other kind is refused by name. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { Problem } from '../domain/problem.ts';
import { readFields } from './wire.ts';

export const keyType = 'ssh-ed25519';

export interface PublicKey {
  /** As it travels: type and key, each with its length. */
  readonly blob: Buffer;
  /** `SHA256:…`, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string;
  readonly key: KeyObject;
}

/** One line of an `authorized_keys` or `.pub` file, without options. */
export function readPublicKeyLine(line: string): PublicKey | Problem {
  const [type = '', body = ''] = line.trim().split(/\s+/);
  if (type !== keyType) return unusable(type);
  const blob = Buffer.from(body, 'base64');
  // Node skips what is no base64; such a line was damaged.
  if (blob.toString('base64').replace(/=+$/, '') !== body.replace(/=+$/, '')) return damaged;
  return readPublicKey(blob);
}

export function readPublicKey(blob: Buffer): PublicKey | Problem {
  const [type, raw, ...more] = readFields(blob) ?? [];
  if (type === undefined) return damaged;
  if (type.toString('latin1') !== keyType) return unusable(type.toString('latin1'));
  if (raw?.length !== 32 || more.length > 0) return damaged;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return { blob, fingerprint: fingerprintOf(blob), key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

const damaged: Problem = {
  code: 'bad-key',
  message: 'is not a public key as OpenSSH writes it',
  hint: 'Copy the whole line of the .pub file: ssh-ed25519 AAAA… comment.',
};

function unusable(type: string): Problem {
  const kind = /^[a-z][a-z0-9@.-]{0,60}$/i.test(type) ? `"${type}"` : 'this';
  const why = type.includes('-cert-')
    ? `${kind} is a certificate`
    : type.startsWith('sk-')
      ? `${kind} lives in a FIDO device`
      : `${kind} is no Ed25519 key`;
  return { code: 'wrong-key-type', message: why, hint: `Only plain ${keyType} keys sign approvals.` };
}
