/**
 * Sealed bodies: AES-256-GCM with the agent's key. Layout: `KGS1`, key id (8 bytes), nonce (12), tag (16), ciphertext;
 * what stands before the nonce is authenticated with it.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { AgentError } from './agent-error.ts';
import { keyIdOf } from './key.ts';

const magic = Buffer.from('KGS1');
const algorithm = 'aes-256-gcm';
const nonceAt = magic.length + 8;
const tagAt = nonceAt + 12;
const bodyAt = tagAt + 16;

export interface Sealer {
  seal(plain: Buffer): Buffer;
  /** Throws when it was sealed with another key, or is not what was sealed. */
  unseal(sealed: Buffer): Buffer;
}

export function createSealer(key: Buffer): Sealer {
  const keyId = Buffer.from(keyIdOf(key), 'hex');
  const header = Buffer.concat([magic, keyId]);
  return {
    seal(plain) {
      const nonce = randomBytes(tagAt - nonceAt);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(header);
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
    },
    unseal(sealed) {
      if (sealed.length < bodyAt || !sealed.subarray(0, magic.length).equals(magic))
        throw cannotOpen('it is no sealed body, or of a version that this release does not know');
      const sealedWith = sealed.subarray(magic.length, nonceAt);
      if (!sealedWith.equals(keyId))
        throw cannotOpen(
          `it was sealed with key ${sealedWith.toString('hex')}, this agent has ${keyId.toString('hex')}`,
        );
      try {
        const decipher = createDecipheriv(algorithm, key, sealed.subarray(nonceAt, tagAt)).setAAD(header);
        decipher.setAuthTag(sealed.subarray(tagAt, bodyAt));
        return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]);
      } catch {
        throw cannotOpen('its bytes are not the ones that were sealed');
      }
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function cannotOpen(detail: string): AgentError {
  return new AgentError('AgentInternal', {
    code: 'cannot-unseal',
    message: 'a sealed body cannot be opened',
    detail,
    hint: 'Put back the key file that belongs to this state folder.',
  });
}
