/** The three sides of an object, completed by what has no entry because it is as it was made. */
import type { ObjectEntry } from '../../catalog.ts';
import type { Grant } from './acl.ts';
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
  const initial: ObjectEntry = { ...known, acl: known.initial };
  return [sides[0] ?? initial, sides[1] ?? initial, sides[2] ?? initial];
}
