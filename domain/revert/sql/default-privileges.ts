/** Default privileges. Without an entry a role's new objects get the built-in ones, and a schema adds nothing. */
import type { AclItem, DatabaseCatalog, DefaultAclEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { defaultKey } from '../../snapshot/keys.ts';
import { mergeAcl, parseAcl } from './acl.ts';
import { aclSteps } from './acl-statements.ts';
import { sameItems } from './owned.ts';
import { quoteName } from './quote.ts';
import { type SqlUnit, ranks, statement, unit } from './unit.ts';

type Catalog = Pick<DatabaseCatalog, 'database' | 'objects' | 'defaults'>;

export function planDefaults(s: Catalog, c: Catalog, l: Catalog, versionNum: number): readonly SqlUnit[] {
  const { database } = s;
  const [was, did, is] = [byKey(s), byKey(c), byKey(l)];
  return [...new Set([...was.keys(), ...did.keys()])].sort(byCodeUnit).flatMap((key) => {
    const one = was.get(key) ?? did.get(key);
    if (one === undefined) return [];
    const aclIn = (side: Entries): readonly AclItem[] => side.get(key)?.acl ?? builtIn(one, versionNum);
    if (sameItems(aclIn(was), aclIn(did))) return [];
    const name = `default privileges of ${one.role} on ${one.on}${one.schema === '' ? '' : ` in ${one.schema}`} in database ${database}`;
    const common = {
      key,
      section: 'catalogs' as const,
      name,
      database,
      rank: ranks.defaultAcl,
      needs: `grant ${quoteName(one.role)} to $agent`,
    };
    if (one.schema !== '' && hasSchema(s, one.schema) && !hasSchema(l, one.schema))
      return [
        unit({ ...common, rank: ranks.note, statements: [], decision: 'not-revertible', note: 'gone with its schema' }),
      ];
    const { want, conflicts } = mergeAcl(parseAcl(aclIn(was)), parseAcl(aclIn(did)), parseAcl(aclIn(is)), one.role);
    const prefix = `alter default privileges for role ${quoteName(one.role)}${one.schema === '' ? '' : ` in schema ${one.schema}`}`;
    const steps = aclSteps({ on: `on ${one.on}`, owner: one.role }, parseAcl(aclIn(is)), want);
    const statements = steps.statements.map(({ sql }) => statement(`${prefix} ${sql}`));
    return [unit({ ...common, statements, conflicts })];
  });
}

type Entries = ReadonlyMap<string, DefaultAclEntry>;

function byKey({ database, defaults }: Catalog): Entries {
  return new Map(defaults.map((entry) => [defaultKey(database, entry), entry]));
}

function hasSchema({ objects }: Catalog, schema: string): boolean {
  return objects.some(({ kind, name }) => kind === 'schema' && name === schema);
}

/** `acldefault`: what the owner has, and everybody. */
function builtIn({ role, schema, on }: DefaultAclEntry, versionNum: number): readonly AclItem[] {
  if (schema !== '') return [];
  const owners = {
    tables: versionNum >= 170000 ? 'arwdDxtm' : 'arwdDxt',
    sequences: 'rwU',
    routines: 'X',
    types: 'U',
    schemas: 'UC',
    'large objects': 'rw',
  }[on];
  const quoted = `"${role.replace(/"/g, '""')}"`;
  const everybody = on === 'routines' ? [`=X/${quoted}`] : on === 'types' ? [`=U/${quoted}`] : [];
  return [...everybody, `${quoted}=${owners}/${quoted}`];
}
