/** Every file that pg_hba.conf or pg_ident.conf leads to: `@` lists, and from 16 on includes. */
import { byCodeUnit } from '../snapshot/canonical.ts';
import type { FileView } from '../conf/conf-tree.ts';
import { tokeniseHba } from './tokens.ts';
import { isIncludable, resolveFrom } from '../conf/paths.ts';
import type { FileRole } from '../snapshot.ts';

export interface HbaTree {
  /** Path → role: `hba` or `ident` for the file and its includes, `auth-list` for what `@` names. */
  readonly files: ReadonlyMap<string, FileRole>;
  readonly missing: readonly string[];
  readonly folders: readonly string[];
  /** References that cannot be read, which keeps all of it from loading. */
  readonly errors: readonly string[];
}

/** PostgreSQL stops at 10. */
const maxDepth = 10;

export function walkHba(main: string, role: 'hba' | 'ident', view: FileView, versionNum: number): HbaTree {
  const files = new Map<string, FileRole>();
  const missing = new Set<string>();
  const folders = new Set<string>();
  const errors: string[] = [];

  const visit = (path: string, as: FileRole, depth: number, strict: boolean): void => {
    const content = depth > maxDepth ? null : view.read(path);
    if (content === null) {
      if (strict) errors.push(`could not open file "${path}"`);
      missing.add(path);
      return;
    }
    if (files.has(path)) return;
    files.set(path, as);
    for (const { fields } of tokeniseHba(content, versionNum)) {
      const [keyword, argument] = [fields[0]?.[0]?.text, fields[1]?.[0]?.text];
      if (as !== 'auth-list' && versionNum >= 160000 && argument !== undefined && fields.length === 2) {
        if (keyword === 'include') visit(resolveFrom(path, argument), as, depth + 1, true);
        if (keyword === 'include_if_exists') visit(resolveFrom(path, argument), as, depth + 1, false);
        if (keyword === 'include_dir') visitFolder(resolveFrom(path, argument), as, depth);
      }
      for (const { text, quoted } of fields.flat())
        if (!quoted && text.length > 1 && text.startsWith('@'))
          visit(resolveFrom(path, text.slice(1)), 'auth-list', depth + 1, true);
    }
  };
  const visitFolder = (folder: string, as: FileRole, depth: number): void => {
    folders.add(folder);
    const names = view.list(folder);
    if (names === null) return void errors.push(`could not open directory "${folder}"`);
    for (const name of names.filter(isIncludable).sort(byCodeUnit)) visit(`${folder}/${name}`, as, depth + 1, true);
  };

  visit(main, role, 0, true);
  return { files, missing: [...missing].filter((path) => !files.has(path)), folders: [...folders], errors };
}
