/** Configuration files as values: content (one char a byte, so that nothing is lost), mode and owner. */
import type { FileRole } from '../snapshot.ts';

export interface FileState {
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface ConfigFile extends FileState {
  readonly path: string;
  readonly role: FileRole;
}

export type FileSet = ReadonlyMap<string, ConfigFile>;

/** Decides who gets in; a conflict here goes back to what was known to work. */
export function isAccessFile(role: FileRole): boolean {
  return role === 'hba' || role === 'ident' || role === 'auth-list';
}

/** Read by the server beside its configuration; whole or not at all: their lines are nothing to merge. */
export function isNamedFile(role: FileRole): boolean {
  return role === 'tls' || role === 'secret';
}

export function modeText(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}

/** UTF-8 bytes (one char each) as text; null when they are none. */
export function textOf(content: string): string | null {
  if (!/[\x80-\xff]/.test(content)) return content;
  try {
    return decodeURIComponent(
      content.replace(/[%\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
  } catch {
    return null;
  }
}

/** Text as UTF-8 bytes, one char each. */
export function contentOf(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text;
  return encodeURIComponent(text).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
