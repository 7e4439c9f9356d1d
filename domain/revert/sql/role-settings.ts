/** Settings of roles and databases (`pg_db_role_setting`): each name three-way, the order kept. */
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { isQuotedList, splitList } from '../../conf/settings.ts';
import type { Problem } from '../../problem.ts';
import type { RoleEntry } from '../../snapshot.ts';
import { quoteLiteral, quoteName, quoteSetting } from './quote.ts';
import type { SecretOf } from './roles.ts';
import { wanted, wayOf } from './three-way.ts';
import { type SqlUnit, type Statement, ranks, statement, unit } from './unit.ts';

type Lists = ReadonlyMap<string, readonly string[]>;

/** One unit a role and database. Those of a role that the change made do no harm: it cannot log in. */
export function planRoleSettings(
  s: readonly RoleEntry[],
  c: readonly RoleEntry[],
  l: readonly RoleEntry[],
  secretOf: SecretOf,
): readonly SqlUnit[] {
  const [was, did, is] = [listsOf(s), listsOf(c), listsOf(l)];
  const madeByChange = new Set(
    c.filter(({ name }) => name !== '' && !s.some((role) => role.name === name)).map(({ name }) => name),
  );
  return [...new Set([...was.keys(), ...did.keys()])].sort(byCodeUnit).flatMap((key) => {
    const [role = '', database = ''] = key.split('\0');
    if (madeByChange.has(role)) return [];
    const lists = [was.get(key) ?? [], did.get(key) ?? [], is.get(key) ?? []] as const;
    return sameList(lists[0], lists[1]) ? [] : [planOne(role, database, lists, secretOf)];
  });
}

function listsOf(roles: readonly RoleEntry[]): Lists {
  return new Map(
    roles.flatMap(({ name, settings }) =>
      Object.entries(settings).map(([database, list]) => [`${name}\0${database}`, list] as const),
    ),
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function planOne(
  role: string,
  database: string,
  [s, c, l]: readonly [readonly string[], readonly string[], readonly string[]],
  secretOf: SecretOf,
): SqlUnit {
  const [was, did, is] = [byName(s), byName(c), byName(l)];
  const conflicts: string[] = [];
  const want = new Map<string, string>();
  // The old order where nothing else is left, else the order in which they are now.
  for (const name of new Set([...was.keys(), ...is.keys(), ...did.keys()])) {
    const values = [was.get(name), did.get(name), is.get(name)] as const;
    if (wayOf(...values) === 'conflict') conflicts.push(`somebody else set ${name} since: the old value wins`);
    const value = wanted(...values);
    if (value !== undefined) want.set(name, value);
  }
  const list = [...want].map(([name, value]) => `${name}=${value}`);
  const who = subject(role, database);
  const { statements, problem } = sameList(list, l)
    ? { statements: [], problem: null }
    : steps(who, want, is, secretOf);
  return unit({
    key: role === '' && database !== '' ? `role:` : `role:${role}`,
    section: 'roles',
    name: `settings of ${who}`,
    database: null,
    rank: ranks.roleSettings,
    statements,
    effect: 'reconnect',
    conflicts,
    problem,
    needs:
      role === ''
        ? 'alter role $agent superuser'
        : `alter role $agent createrole; grant ${quoteName(role)} to $agent with admin option`,
  });
}

function byName(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(list.map((item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)]));
}

function subject(role: string, database: string): string {
  if (role === '') return database === '' ? 'role all' : `database ${quoteName(database)}`;
  return `role ${quoteName(role)}${database === '' ? '' : ` in database ${quoteName(database)}`}`;
}

/** Setting one moves it to the end: only all of them anew, in order, make the same list. */
function steps(
  who: string,
  want: ReadonlyMap<string, string>,
  is: ReadonlyMap<string, string>,
  secretOf: SecretOf,
): { readonly statements: readonly Statement[]; readonly problem: Problem | null } {
  const sets = [...want].map(([name, value]) => ({ name, value, line: setLine(who, name, value, secretOf) }));
  const unknown = sets.filter(({ line }) => line === null);
  if (unknown.length === 0) {
    const lines = sets.flatMap(({ line }) => (line === null ? [] : [line]));
    return { statements: [...(is.size === 0 ? [] : [statement(`alter ${who} reset all`)]), ...lines], problem: null };
  }
  // A secret nobody has is not put at risk for the sake of the order.
  const single = [
    ...[...is.keys()]
      .filter((name) => !want.has(name))
      .map((name) => statement(`alter ${who} reset ${quoteSetting(name)}`)),
    ...sets.flatMap(({ name, value, line }) => (line === null || is.get(name) === value ? [] : [line])),
  ];
  const missing = unknown.filter(({ name, value }) => is.get(name) !== value).map(({ name }) => name);
  return {
    statements: single,
    problem:
      missing.length === 0
        ? null
        : {
            code: 'secret-unknown',
            message: `the old value of ${missing.join(', ')} of ${who} is not known`,
            hint: 'Set it by hand.',
          },
  };
}

const fingerprint = /^hmac:[0-9a-f]+$/;

function setLine(who: string, name: string, value: string, secretOf: SecretOf): Statement | null {
  const secret = fingerprint.test(value);
  const text = secret ? secretOf(value) : value;
  if (text === null) return null;
  const elements = isQuotedList(name) ? splitList(text) : null;
  const literals =
    elements === null || elements.length === 0 ? quoteLiteral(text) : elements.map(quoteLiteral).join(', ');
  const line = (shown: string): string => `alter ${who} set ${quoteSetting(name)} = ${shown}`;
  return statement(line(literals), line(secret ? `'<${value}>'` : literals));
}
