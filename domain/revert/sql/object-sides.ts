/** The three sides of an object, completed by what has no entry because it is as it was made. */
import type { ObjectEntry } from '../../catalog.ts';
import { type Acl, type Grant, parseAcl } from './acl.ts';
import type { GrantPlace } from './acl-statements.ts';
import type { MergedOwned } from './owned.ts';

export type Objects = ReadonlyMap<string, ObjectEntry>;

/** What becomes of a table, for the sake of its columns. */
export interface TableOutcome {
  readonly merged: MergedOwned;
  readonly revoked: readonly Grant[];
}

/** What the system or an extension made has no entry while its ACL is the initial one. */
export function completed(
  ...sides: readonly [ObjectEntry | null, ObjectEntry | null, ObjectEntry | null]
): readonly [ObjectEntry | null, ObjectEntry | null, ObjectEntry | null] {
  const known = sides.find((side) => side?.initial !== undefined);
  if (known?.initial === undefined) return sides;
  const owner = sides.find((side) => side?.initialOwner !== undefined)?.initialOwner ?? known.owner;
  const initial: ObjectEntry = { ...known, owner, acl: known.initial };
  return [sides[0] ?? initial, sides[1] ?? initial, sides[2] ?? initial];
}

/** The schema of a qualified name, as quoted there; null: it is in none. */
function schemaOf(name: string): string | null {
  return /^("(?:[^"]|"")*"|[^".(]+)\./.exec(name)?.[1] ?? null;
}

export type SchemaOf = (name: string) => Pick<GrantPlace, 'schema'>;

/** Who may enter the schemas, once those that the change touched are `restored`. The system's own are open to everybody. */
export function schemasOf(live: Objects, restored: ReadonlyMap<string, Acl>): SchemaOf {
  const known = new Map<string, NonNullable<GrantPlace['schema']>>();
  for (const { kind, name, acl } of live.values()) {
    if (kind !== 'schema') continue;
    const grants = [...(restored.get(name) ?? parseAcl(acl)).values()];
    const open = new Set(grants.filter(({ privilege }) => privilege === 'U').map(({ grantee }) => grantee));
    known.set(name, { name, open });
  }
  return (name) => {
    const schema = known.get(schemaOf(name) ?? '');
    return schema === undefined ? {} : { schema };
  };
}
