/** Where the old server's files belong on the new one: its folders may have moved with the version. Pure string work. */
import { dirname, isInside } from '../conf/paths.ts';

export interface Places {
  readonly dataDirectory: string;
  readonly paths: { readonly config: string; readonly hba: string; readonly ident: string };
}

/** What lies in none of the server's folders stays where it is. */
export type MapPath = (path: string) => string;

export function mapPlaces(from: Places, to: Places): MapPath {
  const files = new Map([
    [from.paths.config, to.paths.config],
    [from.paths.hba, to.paths.hba],
    [from.paths.ident, to.paths.ident],
    [`${from.dataDirectory}/postgresql.auto.conf`, `${to.dataDirectory}/postgresql.auto.conf`],
  ]);
  const folders: [string, string][] = [
    [from.dataDirectory, to.dataDirectory],
    [dirname(from.paths.config), dirname(to.paths.config)],
    [dirname(from.paths.hba), dirname(to.paths.hba)],
    [dirname(from.paths.ident), dirname(to.paths.ident)],
  ];
  // The innermost folder decides: the configuration may lie inside the data directory, or the other way round.
  folders.sort(([a], [b]) => b.length - a.length);
  return (path) => {
    const file = files.get(path);
    if (file !== undefined) return file;
    const folder = folders.find(([old]) => isInside(old, path));
    return folder === undefined ? path : `${folder[1]}${path.slice(folder[0].length)}`;
  };
}
