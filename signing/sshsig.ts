/**
 * Signatures in the form of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig), so that its `-Y verify` can check what is
 * kept as evidence. We found no package that writes this form; the keys themselves are read by one that does keys.
 */
import { createHash, verify } from 'node:crypto';
import type { Problem } from '../domain/problem.ts';
import { keyType, type PublicKey, readPublicKey } from './public-key.ts';
import { readFields, withLength } from './wire.ts';

const magic = 'SSHSIG';
const version = 1;
const hashes = ['sha512', 'sha256'] as const;
const begin = '-----BEGIN SSH SIGNATURE-----';
const end = '-----END SSH SIGNATURE-----';

/** What a key signs for this text. */
export function bytesToSign(text: string, namespace: string, hash: (typeof hashes)[number] = 'sha512'): Buffer {
  const digest = createHash(hash).update(text).digest();
  return Buffer.concat([Buffer.from(magic), ...[namespace, '', hash, digest].map(withLength)]);
}

/** `raw`: the 64 bytes that the key answered to `bytesToSign`. */
export function armored(publicKey: Buffer, namespace: string, raw: Buffer): string {
  const signature = Buffer.concat([withLength(keyType), withLength(raw)]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(version);
  const blob = Buffer.concat([
    Buffer.from(magic),
    head,
    ...[publicKey, namespace, '', 'sha512', signature].map(withLength),
  ]);
  return [begin, ...(blob.toString('base64').match(/.{1,70}/g) ?? []), end, ''].join('\n');
}

/** Whose key has signed this text, if the signature is good: whether that key may is another question. */
export function verifiedKey(text: string, namespace: string, signature: string): PublicKey | Problem {
  const blob = dearmored(signature);
  if (blob === null || blob.subarray(0, 6).toString('latin1') !== magic || blob.length < 10) return unreadable;
  if (blob.readUInt32BE(6) !== version) return unreadable;
  const [publicKey, space, , hashName, signed, ...more] = readFields(blob.subarray(10)) ?? [];
  if (publicKey === undefined || space === undefined || signed === undefined || more.length > 0) return unreadable;
  const key = readPublicKey(publicKey);
  if ('code' in key) return key;
  if (space.toString() !== namespace)
    return {
      code: 'wrong-namespace',
      message: `the signature is made for "${space.toString().slice(0, 60)}", not for "${namespace}"`,
      hint: `With ssh-keygen: ssh-keygen -Y sign -n ${namespace}.`,
    };
  const hash = hashes.find((one) => one === hashName?.toString());
  const [type, raw, ...rest] = readFields(signed) ?? [];
  if (hash === undefined || type?.toString() !== keyType || raw?.length !== 64 || rest.length > 0) return unreadable;
  if (!verify(null, bytesToSign(text, namespace, hash), key.key, raw))
    return {
      code: 'signature-invalid',
      message: 'the signature is not of this text',
      hint: 'Sign again: a text that was changed after it was signed is another text.',
    };
  return key;
}

function dearmored(text: string): Buffer | null {
  const lines = text.trim().split(/\r?\n/);
  if (lines.shift() !== begin || lines.pop() !== end) return null;
  const body = lines.join('');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(body) ? Buffer.from(body, 'base64') : null;
}

const unreadable: Problem = {
  code: 'bad-signature',
  message: 'cannot read the signature',
  hint: 'It has the form of ssh-keygen -Y sign, from -----BEGIN SSH SIGNATURE----- to its END line.',
};
