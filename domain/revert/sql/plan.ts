/** The SQL part of a revert: S before the change, C right after it, L live now; units in the order in which they run. */
import type { DatabaseCatalog, ExtensionEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { pairs } from '../../snapshot/diff.ts';
import { catalogKey, extensionKey } from '../../snapshot/keys.ts';
import type { Sections } from '../../snapshot.ts';
import { planDatabases } from './databases.ts';
import { planDefaults } from './default-privileges.ts';
import { planMemberships } from './memberships.ts';
import { planObjects } from './objects.ts';
import { planRoleSettings } from './role-settings.ts';
import { type SecretOf, planRoles } from './roles.ts';
import { planRowSecurity } from './row-security.ts';
import { planShared } from './shared.ts';
import { type SqlUnit, ranks, unit } from './unit.ts';

export type SqlSections = Pick<Sections, 'server' | 'roles' | 'memberships' | 'databases' | 'shared' | 'catalogs'>;

export interface SqlRevertInput {
  readonly before: SqlSections;
  /** null: unknown, then C := L. */
  readonly change: SqlSections | null;
  readonly live: SqlSections;
  readonly secretOf: SecretOf;
}

/** Every item that the change touched, with what becomes of it. Others do not appear. */
export function planRevertSql({ before: s, change, live: l, secretOf }: SqlRevertInput): readonly SqlUnit[] {
  const c = change ?? l;
  const { versionNum } = l.server;
  const units = [
    ...planRoles(s.roles, c.roles, l.roles, secretOf),
    ...planRoleSettings(s.roles, c.roles, l.roles, secretOf),
    // Captures of older releases do not hold these: what is not known is left alone.
    ...(isWhole(s) && isWhole(l) ? planCatalogs(s, isWhole(c) ? c : l, l, versionNum) : []),
  ];
  return units.sort((a, b) => a.rank - b.rank || byCodeUnit(a.id, b.id));
}

function isWhole(sections: Partial<SqlSections>): boolean {
  return [sections.memberships, sections.databases, sections.shared, sections.catalogs].every(
    (section) => section !== undefined,
  );
}

function planCatalogs(s: SqlSections, c: SqlSections, l: SqlSections, versionNum: number): readonly SqlUnit[] {
  const [did, is] = [byName(c), byName(l)];
  return [
    ...planMemberships(s.memberships, c.memberships, l.memberships, versionNum),
    ...planDatabases(s.databases, c.databases, l.databases),
    ...planShared(s.shared, c.shared, l.shared),
    ...s.catalogs.flatMap((was) => {
      const now = is.get(was.database);
      // What was not read cannot be put back, and a database that is gone is an item of its own.
      if (was.unread !== null || now === undefined) return [];
      return planDatabase(was, did.get(was.database), now, versionNum);
    }),
  ];
}

function byName({ catalogs }: SqlSections): ReadonlyMap<string, DatabaseCatalog> {
  return new Map(catalogs.map((catalog) => [catalog.database, catalog]));
}

function planDatabase(
  s: DatabaseCatalog,
  c: DatabaseCatalog | undefined,
  l: DatabaseCatalog,
  versionNum: number,
): readonly SqlUnit[] {
  const known = c === undefined || c.unread !== null ? null : c;
  if (l.unread !== null) {
    // Against itself as S and L: only whether the change touched anything.
    const touched = known === null || planDatabase(s, known, s, versionNum).length > 0;
    return touched ? [unread(l)] : [];
  }
  const after = known ?? l;
  return [
    ...planObjects(s.database, s.objects, after.objects, l.objects),
    ...planDefaults(s, after, l, versionNum),
    ...planRowSecurity(s, after, l),
    ...planExtensions(s.database, s.extensions, after.extensions, l.extensions),
  ];
}

function unread({ database, unread: why }: DatabaseCatalog): SqlUnit {
  const name = `database ${database}`;
  return unit({
    key: catalogKey(database),
    section: 'catalogs',
    name,
    database: null,
    rank: ranks.note,
    statements: [],
    needs: '',
    decision: 'not-revertible',
    problem: {
      code: 'database-unread',
      message: `${name} cannot be read`,
      detail: why ?? '',
      hint: 'Let the agent connect to it.',
    },
  });
}

/** Hardly ever is there a script that leads back: said, and nothing that keeps a revert from being complete. */
function planExtensions(
  database: string,
  s: readonly ExtensionEntry[],
  c: readonly ExtensionEntry[],
  l: readonly ExtensionEntry[],
): readonly SqlUnit[] {
  const words = (entry: ExtensionEntry | undefined | null): string =>
    entry === undefined || entry === null ? 'not there' : `version ${entry.version} in schema ${entry.schema}`;
  const live = new Map(l.map((entry) => [entry.name, entry]));
  return pairs(s, c, 'name').flatMap(({ id, from, to }) => {
    const is = live.get(id);
    if (words(from) === words(to) || words(is) === words(from)) return [];
    return [
      unit({
        key: extensionKey(database, { name: id }),
        section: 'catalogs',
        name: `extension ${id} in database ${database}`,
        database,
        rank: ranks.note,
        statements: [],
        needs: '',
        decision: 'not-revertible',
        note: `was ${words(from)}, is ${words(is)}: an extension is not put back`,
      }),
    ];
  });
}
