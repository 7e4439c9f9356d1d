/** Keyed fingerprints and digests: equal content has equal ones, and without the agent's key nobody can guess it. */
import { createHash, createHmac } from 'node:crypto';
import { type Fingerprint, redact } from '../../domain/snapshot/redact.ts';
import type { Hasher } from '../../domain/snapshot/hash.ts';
import type { FileRole } from '../../domain/snapshot.ts';

export interface Digester {
  readonly fingerprint: Fingerprint;
  /** `hmac:` when the file holds a secret, else `sha256:`. Content is one char a byte. */
  digest(role: FileRole, content: string, versionNum: number): string;
  /** Whether these bytes have this digest, of either kind. */
  matches(digest: string, bytes: Buffer): boolean;
}

export function digester(key: Buffer): Digester {
  const hmac = (data: Buffer): string => `hmac:${createHmac('sha256', key).update(data).digest('hex')}`;
  const sha = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
  // Half of it tells two secrets apart, and keeps lines readable.
  const fingerprint: Fingerprint = (secret) => hmac(Buffer.from(secret, 'utf8')).slice(0, 'hmac:'.length + 32);
  return {
    fingerprint,
    digest: (role, content, versionNum) => {
      const bytes = Buffer.from(content, 'latin1');
      return redact(role, content, versionNum, fingerprint).secret ? hmac(bytes) : sha(bytes);
    },
    matches: (digest, bytes) => digest === (digest.startsWith('hmac:') ? hmac(bytes) : sha(bytes)),
  };
}

/** The sha256 of the domain, by the machine's own instructions. */
export function newHasher(): Hasher {
  const hash = createHash('sha256');
  return { update: (text) => void hash.update(text, 'utf8'), hex: () => hash.digest('hex') };
}
