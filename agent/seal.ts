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

/** What every body begins with that this key has sealed. */
export function headerOf(key: Buffer): Buffer {
  return Buffer.concat([magic, Buffer.from(keyIdOf(key), 'hex')]);
}

/** Seals with `key`; opens what `old` ones have sealed as well, until a rotation is through. */
export function createSealer(key: Buffer, old: readonly Buffer[] = []): Sealer {
  const header = headerOf(key);
  const ring = new Map([...old, key].map((each) => [headerOf(each).toString('hex'), each]));
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
      const sealedBy = sealed.subarray(0, nonceAt);
      const fitting = ring.get(sealedBy.toString('hex'));
      if (fitting === undefined)
        throw cannotOpen(
          `it was sealed with key ${sealedBy.subarray(magic.length).toString('hex')}, this agent has ${keyIdOf(key)}`,
        );
      try {
        const decipher = createDecipheriv(algorithm, fitting, sealed.subarray(nonceAt, tagAt)).setAAD(sealedBy);
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
