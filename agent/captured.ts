/** A capture as bytes and back, so that it can be sealed: JSON, file bodies as base64. */
import type { Captured } from '../targets/target.ts';

export function encodeCaptured(captured: Captured): Buffer {
  const files = captured.files.map((file) => ({ ...file, bytes: file.bytes.toString('base64') }));
  return Buffer.from(JSON.stringify({ ...captured, files }));
}

export function decodeCaptured(encoded: Buffer): Captured {
  const value = JSON.parse(encoded.toString('utf8')) as Omit<Captured, 'files'> & {
    readonly files: readonly (Omit<Captured['files'][number], 'bytes'> & { readonly bytes: string })[];
  };
  return { ...value, files: value.files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes, 'base64') })) };
}
