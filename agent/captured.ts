/** A capture as bytes and back, so that it can be sealed: JSON, file bodies as base64, packed: ciphertext cannot be. */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Captured } from '../targets/target.ts';

/** Before the packed ones; those of older releases are bare JSON, and begin with a brace. */
const magic = Buffer.from('br1:');
/** As in the store: 15 ms for ten thousand tables, on the way to the first write. */
const quality = 5;

export function encodeCaptured(captured: Captured): Buffer {
  const files = captured.files.map((file) => ({ ...file, bytes: file.bytes.toString('base64') }));
  const text = Buffer.from(JSON.stringify({ ...captured, files }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
  return Buffer.concat([magic, brotliCompressSync(text, { params })]);
}

export function decodeCaptured(encoded: Buffer): Captured {
  const text = encoded.subarray(0, magic.length).equals(magic)
    ? brotliDecompressSync(encoded.subarray(magic.length))
    : encoded;
  const value = JSON.parse(text.toString('utf8')) as Omit<Captured, 'files'> & {
    readonly files: readonly (Omit<Captured['files'][number], 'bytes'> & { readonly bytes: string })[];
  };
  return { ...value, files: value.files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes, 'base64') })) };
}
