/** The Ed25519 key that reports are signed with, and how one is named. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { PublicKey } from '../domain/report/evidence.ts';

export interface Signer {
  readonly secret: KeyObject;
  readonly public: PublicKey;
}

/** null: it is no Ed25519 key in PEM. */
export function signerFrom(pem: string): Signer | null {
  try {
    const secret = createPrivateKey(pem);
    return secret.asymmetricKeyType === 'ed25519' ? { secret, public: named(createPublicKey(secret)) } : null;
  } catch {
    return null;
  }
}

/** PEM, PKCS #8. */
export function newSecretKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function named(key: KeyObject): PublicKey {
  const der = key.export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(der).digest('base64').replace(/=+$/, '');
  return { algorithm: 'ed25519', publicKey: der.toString('base64'), fingerprint: `SHA256:${hash}` };
}

export function publicPem({ publicKey }: PublicKey): string {
  return keyOf(publicKey)?.export({ type: 'spki', format: 'pem' }).toString() ?? '';
}

/** null: it is none of Ed25519. */
export function keyOf(publicKey: string): KeyObject | null {
  return ed25519(() => createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' }));
}

export function keyFromPem(pem: string): KeyObject | null {
  // Of a secret key Node would make the public one: whoever verifies should not have it at hand.
  return pem.includes('PRIVATE KEY') ? null : ed25519(() => createPublicKey(pem));
}

function ed25519(read: () => KeyObject): KeyObject | null {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}
