/**
 * Whether a user has what it needs in a database, by a snapshot and not by asking: grants to itself, to roles whose
 * privileges it inherits and to everybody, predefined roles, the way through the schema, row security. Never a guess: what
 * a snapshot does not say is `unknown`. Of a column it is not said whether it exists.
 */
import type { MembershipEntry, ObjectEntry } from '../catalog.ts';
import type { Sections } from '../snapshot.ts';
import { type CatalogIndex, catalogIndex, systemSchemas } from './catalog-index.ts';
import { Holders } from './holders.ts';
import type { Need, NeededPrivilege } from './need.ts';
import { type Roles, rolesOf } from './roles.ts';
import { isRowCommand, rowsSeen } from './row-security.ts';
import { nameParts, spelled } from './sql-name.ts';
import { startingSetting } from './starting-setting.ts';

export type Privileged =
  /** `notes`: what decides beside privileges, each a sentence. */
  | { readonly kind: 'allowed'; readonly notes: readonly string[] }
  /** `why`: one plain sentence for each thing that is missing. `where`: the object at which it is missing. */
  | { readonly kind: 'denied'; readonly why: string; readonly where: string }
  | { readonly kind: 'unknown'; readonly why: string; readonly where: string };

export interface NeedAnswer {
  /** The privilege alone: what `has_table_privilege` and its like would say. */
  readonly holds: Privileged;
  /** Whether a statement gets to it: the schema's USAGE and row security too. What an application needs. */
  readonly reaches: Privileged;
}

export type PrivilegeSections = Pick<
  Sections,
  'server' | 'settings' | 'roles' | 'memberships' | 'databases' | 'catalogs'
>;
export type AskNeed = (user: string, need: Need) => NeedAnswer;

/** Of one database. Ask it for many: what it needs of the snapshot it looks up once. */
export function privilegesIn(sections: PrivilegeSections, name: string): AskNeed {
  const where = `database ${name}`;
  const database = sections.databases.find((one) => one.name === name);
  const catalog = sections.catalogs.find((one) => one.database === name);
  if (database === undefined) return always({ kind: 'denied', why: `there is no database ${name}`, where });
  if (catalog === undefined || catalog.unread !== null)
    return always({ kind: 'unknown', why: `database ${name} was not read (${catalog?.unread ?? 'it is new'})`, where });
  const { versionNum } = sections.server;
  const owner = ownerMembership(database.owner, versionNum);
  const roles = rolesOf(
    sections.roles.filter((role) => role.name !== ''),
    [...sections.memberships, owner],
  );
  const starts: Starts = (user, setting) => startingSetting(sections, { user, database: name, setting });
  const inside = new Inside(roles, catalogIndex(catalog), versionNum, starts);
  return (user, need) => inside.answer(user, need);
}

/** Who has the database owner's privileges has those of pg_database_owner; before 16 an owner without INHERIT has not. */
function ownerMembership(member: string, versionNum: number): MembershipEntry {
  const implied = versionNum >= 160000 ? true : null;
  return { role: 'pg_database_owner', member, grantor: '', admin: false, inherit: implied, set: implied };
}

const allowed: Privileged = { kind: 'allowed', notes: [] };

function always(answer: Privileged): AskNeed {
  return () => ({ holds: answer, reaches: answer });
}

/** What a new session of the user begins with. */
type Starts = (user: string, setting: 'role' | 'row_security') => string | null;

class Inside {
  readonly #roles: Roles;
  readonly #index: CatalogIndex;
  readonly #holders: Holders;
  readonly #versionNum: number;
  readonly #starts: Starts;

  constructor(roles: Roles, index: CatalogIndex, versionNum: number, starts: Starts) {
    this.#roles = roles;
    this.#index = index;
    this.#holders = new Holders(roles, index);
    this.#versionNum = versionNum;
    this.#starts = starts;
  }

  answer(user: string, need: Need): NeedAnswer {
    const unfit = this.#unfit(user, need);
    if (unfit !== null) return { holds: unfit, reaches: unfit };
    const holds = this.#holds(user, need);
    const other = this.#asAnother(user);
    if (other !== null) return { holds, reaches: other };
    if (need.on.kind === 'schema') return { holds, reaches: holds };
    const parts = [this.#throughSchema(user, need), holds, this.#pastRows(user, need)];
    return { holds, reaches: together(parts) };
  }

  #asAnother(user: string): Privileged | null {
    const role = this.#starts(user, 'role') ?? 'none';
    if (role === 'none' || role === user) return null;
    return {
      kind: 'unknown',
      why: `a session of ${user} begins as another role (role = ${role})`,
      where: `role ${user}`,
    };
  }

  #unfit(user: string, { privilege }: Need): Privileged | null {
    const where = `role ${user}`;
    if (user.startsWith('pg_'))
      return { kind: 'unknown', why: `${user} is the system's own, and no part of a snapshot`, where };
    if (user === '' || this.#roles.get(user) === undefined)
      return { kind: 'denied', why: `there is no role ${user}`, where };
    if (privilege === 'maintain' && this.#versionNum < 170000)
      return { kind: 'unknown', why: 'there is no MAINTAIN before 17: whoever owns a table maintains it', where };
    return null;
  }

  #holds(user: string, { privilege, on }: Need): Privileged {
    const found = this.#index.find(on);
    const column = on.kind === 'column' ? this.#index.column(on.name) : null;
    if (column !== null && this.#holders.isGranted(user, privilege, column)) return allowed;
    const where = `${on.kind} ${on.name}`;
    if (on.kind === 'schema' && found.kind === 'unknown' && isOpen(on.name) && privilege === 'usage') return allowed;
    if (found.kind !== 'object') return { kind: found.kind === 'absent' ? 'denied' : 'unknown', why: found.why, where };
    const { object } = found;
    if (this.#isSuperuser(user)) return allowed;
    const isClosed = isSystemTable(object) && changesRows.includes(privilege);
    if (!isClosed && this.#holders.isGranted(user, privilege, object)) return allowed;
    if (!isClosed && this.#holders.isPredefined(user, privilege, object)) return allowed;
    const words = `${user} has no ${privilege.toUpperCase()} on ${on.name}`;
    const because = isClosed
      ? 'only superusers change the system catalogs'
      : this.#holders.because(user, privilege, object, column);
    return { kind: 'denied', why: `${words}: ${because}`, where };
  }

  #isSuperuser(user: string): boolean {
    return this.#roles.get(user)?.superuser === true;
  }

  #throughSchema(user: string, { on }: Need): Privileged {
    const [schema = ''] = nameParts(on.name.replace(/\([^]*$/, '')) ?? [];
    return this.#holds(user, { privilege: 'usage', on: { kind: 'schema', name: spelled([schema]) } });
  }

  #pastRows(user: string, { privilege, on }: Need): Privileged {
    const found = on.kind === 'table' || on.kind === 'column' ? this.#index.find(on) : null;
    if (found?.kind !== 'object') return allowed;
    const { kind, name, owner } = found.object;
    if (kind === 'view')
      return { kind: 'allowed', notes: [`what the view ${name} reads, and as whom, is not part of a snapshot`] };
    if (kind === 'foreign table')
      return { kind: 'allowed', notes: [`what ${name} says is for its foreign server to decide`] };
    const security = this.#index.rowSecurity(name);
    if (security === null || !isRowCommand(privilege)) return allowed;
    const role = this.#roles.get(user);
    const seen = rowsSeen(security, privilege, {
      owns: this.#roles.hasPrivilegesOf(user, owner),
      bypasses: role?.superuser === true || role?.bypassRls === true,
      has: (one) => this.#roles.hasPrivilegesOf(user, one),
    });
    if (seen === 'all') return allowed;
    const where = `table ${name}`;
    if (isOff.test(this.#starts(user, 'row_security') ?? 'on'))
      return {
        kind: 'denied',
        why: `with row_security off, what policies of ${name} would filter for ${user} is an error`,
        where,
      };
    if (seen === 'some') return { kind: 'allowed', notes: [`policies of ${name} decide which rows`] };
    const effect = privilege === 'insert' ? 'takes no row from' : 'shows no row to';
    const why = `row security of ${name} ${effect} ${user}: no permissive policy is for ${privilege.toUpperCase()} by it`;
    return { kind: 'denied', why, where };
  }
}

/** The words of ALTER ROLE … SET are kept as they were given. */
const isOff = /^(of|off|f|fa|fal|fals|false|n|no|0)$/i;
const changesRows: readonly NeededPrivilege[] = ['insert', 'update', 'delete', 'truncate'];

/** initdb lets everybody in, and a snapshot would show if that had been changed. */
function isOpen(schema: string): boolean {
  return schema !== 'pg_toast' && systemSchemas.includes(schema);
}

/** No grant helps against that; views are spared. */
function isSystemTable({ kind, name, initial }: ObjectEntry): boolean {
  return initial !== undefined && kind === 'table' && name.startsWith('pg_catalog.pg_');
}

/** What is denied decides, then what is unknown; each says its own. */
function together(parts: readonly Privileged[]): Privileged {
  for (const kind of ['denied', 'unknown'] as const) {
    const those = parts.flatMap((part) => (part.kind === kind ? [part] : []));
    const [first] = those;
    if (first !== undefined) return { kind, where: first.where, why: those.map(({ why }) => why).join('; ') };
  }
  return { kind: 'allowed', notes: parts.flatMap((part) => (part.kind === 'allowed' ? part.notes : [])) };
}
