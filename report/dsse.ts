/**
 * The envelope of a signed document: DSSE v1, as in-toto and Sigstore use it. What is signed are the payload's bytes and its
 * type, so nobody has to agree on how JSON is written; https://github.com/secure-systems-lab/dsse.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

/** One text for the same bytes: with spare bits set, base64 would read the same and be another document. */
const base64 = z.string().refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'is not base64');

const envelopeShape = z.strictObject({
  payloadType: z.string(),
  payload: base64,
  signatures: z.tuple([z.strictObject({ keyid: z.string(), sig: base64 })]),
});

export function enclosed(
  payloadType: string,
  payload: Buffer,
  key: { readonly id: string; readonly secret: KeyObject },
): Envelope {
  const sig = sign(null, signedBytes(payloadType, payload), key.secret).toString('base64');
  return { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: key.id, sig }] };
}

/** null: it is no envelope with one signature. */
export function parseEnvelope(text: string): Envelope | null {
  try {
    return envelopeShape.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

export function isSignedBy({ payloadType, payload, signatures: [{ sig }] }: Envelope, key: KeyObject): boolean {
  return verify(null, signedBytes(payloadType, Buffer.from(payload, 'base64')), key, Buffer.from(sig, 'base64'));
}

/** PAE, the pre-authentication encoding: lengths first, so that type and payload cannot flow into each other. */
function signedBytes(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ]);
}
