/** Lines of pg_ident.conf: three single words each. A file that does not load leaves the server without any map. */
import type { Problem } from '../problem.ts';
import { tokeniseHba } from './tokens.ts';

const includes = ['include', 'include_if_exists', 'include_dir'];

/** Why a whole file would not load, as far as form tells; the server's own answer comes at apply time. */
export function identFileProblems(path: string, content: string, versionNum: number): readonly Problem[] {
  return tokeniseHba(content, versionNum).flatMap(({ from, fields }) => {
    const isInclude = versionNum >= 160000 && includes.includes(fields[0]?.[0]?.text ?? '');
    if (fields.length === 0 || isInclude) return [];
    if (fields.length >= 3 && fields.slice(0, 3).every((field) => field.length === 1)) return [];
    return [
      {
        code: 'ident-bad-line',
        message: `${path} line ${from} is not a map that loads`,
        detail: 'It needs a map name, a system user and a database user, one word each.',
        hint: 'The server would keep its old maps at a reload, and have none at all after a restart.',
      },
    ];
  });
}
