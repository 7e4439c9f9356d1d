/**
 * Whether a user has what it needs in a database, by a snapshot and not by asking: grants to itself, to roles whose
 * privileges it inherits and to everybody, predefined roles, the way through the schema, row security. Never a guess: what
 * a snapshot does not say is `unknown`. Of a column it is not said whether it exists.
 */
import type { MembershipEntry, ObjectEntry } from '../catalog.ts';
import { privilegeWords } from '../revert/sql/acl.ts';
import type { Sections } from '../snapshot.ts';
import { type CatalogIndex, catalogIndex, systemSchemas } from './catalog-index.ts';
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

const letters = Object.fromEntries(Object.entries(privilegeWords).map(([letter, word]) => [word, letter]));

/** What a new session of the user begins with. */
type Starts = (user: string, setting: 'role' | 'row_security') => string | null;

class Inside {
  readonly #roles: Roles;
  readonly #index: CatalogIndex;
  readonly #versionNum: number;
  readonly #starts: Starts;

  constructor(roles: Roles, index: CatalogIndex, versionNum: number, starts: Starts) {
    this.#roles = roles;
    this.#index = index;
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
    if (column !== null && this.#isGranted(user, privilege, column)) return allowed;
    const where = `${on.kind} ${on.name}`;
    if (on.kind === 'schema' && found.kind === 'unknown' && isOpen(on.name) && privilege === 'usage') return allowed;
    if (found.kind !== 'object') return { kind: found.kind === 'absent' ? 'denied' : 'unknown', why: found.why, where };
    const { object } = found;
    if (this.#isSuperuser(user)) return allowed;
    const isClosed = isSystemTable(object) && changesRows.includes(privilege);
    if (!isClosed && this.#isGranted(user, privilege, object)) return allowed;
    if (!isClosed && this.#predefined(privilege, object).some((role) => this.#roles.hasPrivilegesOf(user, role)))
      return allowed;
    const words = `${user} has no ${privilege.toUpperCase()} on ${on.name}`;
    const because = isClosed
      ? 'only superusers change the system catalogs'
      : this.#because(user, privilege, object, column);
    return { kind: 'denied', why: `${words}: ${because}`, where };
  }

  #isSuperuser(user: string): boolean {
    return this.#roles.get(user)?.superuser === true;
  }

  #isGranted(user: string, privilege: NeededPrivilege, object: ObjectEntry): boolean {
    return this.#grantees(privilege, object).some((one) => one === '' || this.#roles.hasPrivilegesOf(user, one));
  }

  #grantees(privilege: NeededPrivilege, object: ObjectEntry): readonly string[] {
    const letter = letters[privilege];
    return [...this.#index.acl(object).values()].flatMap((grant) =>
      grant.privilege === letter ? [grant.grantee] : [],
    );
  }

  /** Roles that have it without a grant. */
  #predefined(privilege: NeededPrivilege, { kind }: ObjectEntry): readonly string[] {
    if (kind === 'schema') return privilege === 'usage' ? ['pg_read_all_data', 'pg_write_all_data'] : [];
    if (kind === 'routine') return [];
    if (privilege === 'select') return ['pg_read_all_data'];
    if (privilege === 'insert' || privilege === 'update' || privilege === 'delete') return ['pg_write_all_data'];
    return privilege === 'maintain' ? ['pg_maintain'] : [];
  }

  /** Nobody whose privileges the user has is granted it: who is, and what stands between. */
  #because(user: string, privilege: NeededPrivilege, object: ObjectEntry, column: ObjectEntry | null): string {
    const granted = [object, ...(column === null ? [] : [column])].flatMap((one) => this.#grantees(privilege, one));
    const holders = [...new Set(granted)];
    const near = [...holders, ...this.#predefined(privilege, object)].filter((one) => this.#roles.isMember(user, one));
    const [role] = near;
    if (role !== undefined) {
      const isHolder = holders.includes(role);
      const setting = this.#roles.maySetRole(user, role) ? ` (SET ROLE ${role} would give it)` : '';
      const membership = `of which it is a member without INHERIT${setting}`;
      return isHolder ? `granted to ${role}, ${membership}` : `${role} would have it, ${membership}`;
    }
    if (object.owner !== '' && this.#roles.hasPrivilegesOf(user, object.owner))
      return 'it owns that, and somebody revoked its own privilege';
    if (holders.length === 0) return 'granted to nobody';
    const more = holders.length - shownHolders;
    return `granted only to ${holders.slice(0, shownHolders).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
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
/** Names of a long list that a sentence can bear. */
const shownHolders = 3;
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
