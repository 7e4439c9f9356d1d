/**
 * Encrypts what goes to Temporal and decrypts what comes back: AES-256-GCM over the whole payload, its metadata included.
 * Data is nonce (12 bytes), tag (16), ciphertext; encoding and key id, which stay readable, are authenticated with it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { encryptedEncoding, encryptedWith, keyIdEntry, missingKey } from '../domain/encrypted-payload.ts';
import { PayloadError, type PayloadKey } from './keys.ts';

const { Payload: Message } = proto.temporal.api.common.v1;

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const bodyAt = nonceBytes + 16;

export interface EncryptingCodec extends PayloadCodec {
  /** Of the key that encrypts; null: nothing is encrypted. */
  readonly keyId: string | null;
}

/**
 * The first key encrypts, all of them decrypt, and what is not encrypted is passed on: what began without a key goes on.
 * Without any key nothing is encrypted, and what is encrypted is an error all the same.
 * `leaveToWorkflow`: what no key fits is left as it is where the workflow reads it, which refuses an Update by it alone.
 */
export function createPayloadCodec(
  keys: readonly PayloadKey[],
  { leaveToWorkflow = false }: { readonly leaveToWorkflow?: boolean } = {},
): EncryptingCodec {
  const [newest] = keys;
  const ring = new Map(keys.map((each) => [each.id, each]));
  return {
    keyId: newest?.id ?? null,
    encode: async (payloads) =>
      newest === undefined ? payloads : payloads.map((payload) => encrypted(newest, payload)),
    decode: async (payloads, context) =>
      payloads.map((payload) => {
        const id = encryptedWith(payload);
        if (id === null) return payload;
        const key = ring.get(id);
        if (key !== undefined) return decrypted(key, payload);
        if (leaveToWorkflow && context?.type === 'workflow') return payload;
        throw unknownKey(id, keys);
      }),
  };
}

/** GCM is a stream cipher: its last step only makes, or checks, the tag. */
function encrypted({ id, key }: PayloadKey, payload: Payload): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(readable(id));
  const body = cipher.update(Message.encode(payload).finish());
  cipher.final();
  return {
    metadata: { encoding: Buffer.from(encryptedEncoding), [keyIdEntry]: Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.getAuthTag(), body]),
  };
}

function decrypted({ id, key }: PayloadKey, { data }: Payload): Payload {
  const bytes = data ?? new Uint8Array();
  if (bytes.length < bodyAt) throw altered(id);
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes)).setAAD(readable(id));
    decipher.setAuthTag(bytes.subarray(nonceBytes, bodyAt));
    const body = decipher.update(bytes.subarray(bodyAt));
    decipher.final();
    return Message.decode(body);
  } catch {
    throw altered(id);
  }
}

function readable(keyId: string): Buffer {
  return Buffer.from(`${encryptedEncoding}\0${keyId}`);
}

function unknownKey(id: string, keys: readonly PayloadKey[]): PayloadError {
  return new PayloadError({
    code: 'missing-payload-key',
    message: missingKey(id),
    detail: keys.length === 0 ? 'It has none.' : `It has ${keys.map((key) => key.id).join(', ')}.`,
    hint: 'Add it under temporal.encryption.keys, behind the one that encrypts.',
  });
}

function altered(id: string): PayloadError {
  return new PayloadError({
    code: 'altered-payload',
    message: `a payload is not as it was encrypted with key ${id}`,
    detail: 'It was altered on its way or where it is kept.',
  });
}
