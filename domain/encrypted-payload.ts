/** How an encrypted payload names itself: said by the codec, read by whoever only wants to know whether it is one. Pure. */

/** Of Temporal's metadata entry `encoding`; another layout is another name. */
export const encryptedEncoding = 'binary/aes-256-gcm';

export const keyIdEntry = 'encryption-key-id';

/** Temporal's own, as far as it matters here. */
export interface PayloadLike {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
}

/** Id of the key that it is encrypted with; null: it is not encrypted, or not by us. */
export function encryptedWith({ metadata }: PayloadLike): string | null {
  return entry(metadata, 'encoding') === encryptedEncoding ? entry(metadata, keyIdEntry) : null;
}

/** The sandbox has no decoder; both entries are ASCII when they are ours. */
function entry(metadata: PayloadLike['metadata'], name: string): string {
  return String.fromCharCode(...(metadata?.[name] ?? []));
}

export function missingKey(keyId: string): string {
  return `a payload is encrypted with key ${keyId}, which this process does not have`;
}
