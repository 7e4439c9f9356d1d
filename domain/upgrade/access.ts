/** pg_hba.conf, pg_ident.conf and their lists on the new server: the rules stay, only absolute names of own files move. */
import { dirname, isInside } from '../conf/paths.ts';
import { tokeniseHba } from '../hba/tokens.ts';
import type { MapPath, Places } from './places.ts';
import type { Translated } from './conf.ts';

/** `old`: where the files came from. */
export function translateAccess(content: string, old: Places, mapPath: MapPath): Translated {
  const folders = [...new Set([old.dataDirectory, dirname(old.paths.config), dirname(old.paths.hba)])];
  const notes: Translated['notes'][number][] = [];
  const named = new Set(
    tokeniseHba(content, 160000).flatMap(({ fields }) =>
      fields.flatMap((field) =>
        field
          .map(({ text }) => text.replace(/^@/, ''))
          .filter((text) => folders.some((folder) => folder !== '/' && isInside(folder, text))),
      ),
    ),
  );
  let moved = content;
  for (const path of named) {
    const to = mapPath(path);
    if (to === path) continue;
    // The whole name only: it ends where a token ends.
    moved = moved
      .split('\n')
      .map((line) => replaceToken(line, path, to))
      .join('\n');
    notes.push({ kind: 'moved', name: 'file', from: path, to });
  }
  return { content: moved, notes };
}

function replaceToken(line: string, from: string, to: string): string {
  let result = '';
  for (let at = 0; ;) {
    const found = line.indexOf(from, at);
    if (found < 0) return result + line.slice(at);
    const [before, after] = [line[found - 1] ?? ' ', line[found + from.length] ?? ' '];
    const whole = /[\s",@]/.test(before) && /[\s",]/.test(after);
    result += line.slice(at, found) + (whole ? to : from);
    at = found + from.length;
  }
}
