/**
 * The canonical form of the catalogs, a piece at a time and without `aclIsNull`: an ACL that was NULL and its default
 * written out mean the same, and PostgreSQL cannot go back. By hand, because ten thousand tables are hashed on each look.
 */
import type { AclItem, DatabaseCatalog, ObjectEntry } from '../catalog.ts';
import { canonicalJson } from './canonical.ts';

/** Text is handed on when it is about this long. */
const pieceLength = 65_536;

/** The same as `canonicalJson` of the catalogs without `aclIsNull`. */
export function writeCatalogs(catalogs: readonly DatabaseCatalog[], write: (text: string) => void): void {
  let piece = '[';
  const acls = new Map<readonly AclItem[], string>();
  const aclText = (acl: readonly AclItem[]): string => {
    let text = acls.get(acl);
    if (text === undefined) acls.set(acl, (text = JSON.stringify(acl)));
    return text;
  };
  catalogs.forEach(({ database, unread, objects, defaults, rowSecurity, extensions }, i) => {
    piece += `${i === 0 ? '' : ','}{"database":${JSON.stringify(database)},"defaults":${canonicalJson(defaults)}`;
    piece += `,"extensions":${canonicalJson(extensions)},"objects":[`;
    let comma = '';
    for (const object of objects) {
      piece += comma + objectText(object, aclText);
      comma = ',';
      if (piece.length > pieceLength) {
        write(piece);
        piece = '';
      }
    }
    piece += `],"rowSecurity":${canonicalJson(rowSecurity)},"unread":${JSON.stringify(unread)}}`;
  });
  write(`${piece}]`);
}

function objectText(
  { kind, name, of, column, owner, acl, initial, routine }: ObjectEntry,
  aclText: (acl: readonly AclItem[]) => string,
): string {
  return (
    `{"acl":${aclText(acl)}` +
    (column === undefined ? '' : `,"column":${JSON.stringify(column)}`) +
    (initial === undefined ? '' : `,"initial":${aclText(initial)}`) +
    `,"kind":"${kind}","name":${JSON.stringify(name)}` +
    (of === undefined ? '' : `,"of":${JSON.stringify(of)}`) +
    `,"owner":${JSON.stringify(owner)}` +
    (routine === undefined ? '' : `,"routine":"${routine}"`) +
    '}'
  );
}
