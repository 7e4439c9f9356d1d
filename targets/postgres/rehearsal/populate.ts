/** Roles, memberships, role settings, databases and CONNECT grants of a snapshot, made again on a scratch server. No data. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { DatabaseEntry } from '../../../domain/catalog.ts';
import { isQuotedList, splitList } from '../../../domain/conf/settings.ts';
import { parseAcl } from '../../../domain/revert/sql/acl.ts';
import { quoteGrantee, quoteLiteral, quoteName, quoteSetting } from '../../../domain/revert/sql/quote.ts';
import type { RoleEntry, Sections } from '../../../domain/snapshot.ts';
import type { Captured } from '../../target.ts';

/** Who asks for them: all roles are made, but only these get a password, and only these databases take room. */
export interface Wanted {
  readonly users: ReadonlySet<string>;
  readonly databases: ReadonlySet<string>;
  /**
   * Somebody will run queries as these roles that no file of this host names: nobody is made who could reach beyond the
   * scratch server, as superuser, by the server's own files and programs, or by giving himself either.
   */
  readonly harmless?: boolean;
}

export interface Population {
  /** Of each wanted user with a password, not the real one: that is never put on a scratch server. */
  readonly password: string;
  /** What could not be made, a line each. */
  readonly left: readonly string[];
}

/** Of every cluster: they are there. */
const inEvery: ReadonlySet<string> = new Set(['postgres', 'template0', 'template1']);
const databaseWords: Readonly<Record<string, string>> = { c: 'connect', C: 'create', T: 'temporary' };

/** `client`: the bootstrap superuser of the scratch server. */
export async function populate(
  client: pg.Client,
  { snapshot, secrets = {} }: Captured,
  wanted: Wanted,
): Promise<Population> {
  const password = randomBytes(12).toString('hex');
  const left: string[] = [];
  if (snapshot === null) return { password, left: ['the snapshot holds no roles'] };
  const { sections } = snapshot;
  const each = async (statements: readonly string[]): Promise<void> => {
    if (statements.length === 0) return;
    // All at once, and one by one only where something cannot be had here, such as a setting of an extension.
    if (
      await client.query(statements.join(';\n')).then(
        () => true,
        () => false,
      )
    )
      return;
    for (const statement of statements)
      await client
        .query(statement)
        .catch((error: unknown) => left.push(`${statement.split(' ').slice(0, 3).join(' ')}: ${String(error)}`));
  };
  const harmless = wanted.harmless === true;
  const roles = sections.roles.filter(({ name }) => name !== '').map((role) => (harmless ? withoutPower(role) : role));
  await each(roles.map(createRole));
  await each(roles.filter(({ name }) => wanted.users.has(name)).flatMap((role) => passwordOf(role, password, secrets)));
  const memberships = sections.memberships.filter(({ role }) => !harmless || !role.startsWith('pg_'));
  await each(memberships.map((one) => membership(one, sections.server.versionNum)));
  const databases = sections.databases
    .filter(({ name }) => wanted.databases.has(name))
    .map((database) => (harmless ? { ...database, owner: null } : database));
  // CREATE DATABASE runs in no transaction, and several statements at once are one.
  for (const { name, owner } of databases)
    if (!inEvery.has(name))
      await each([
        `create database ${quoteName(name)} ${owner === null ? '' : `owner ${quoteName(owner)} `}template template0`,
      ]);
  await each(databases.flatMap((database) => rightsOf(database, harmless)));
  await each(sections.roles.flatMap((role) => settingsOf(role, wanted.databases)));
  await each(databases.filter(({ name }) => !inEvery.has(name)).flatMap(limitsOf));
  return { password, left };
}

function withoutPower(role: RoleEntry): RoleEntry {
  return { ...role, superuser: false, createRole: false, createDb: false, replication: false, bypassRls: false };
}

function createRole(role: RoleEntry): string {
  const words = [
    role.superuser ? 'superuser' : 'nosuperuser',
    role.inherit ? 'inherit' : 'noinherit',
    role.createRole ? 'createrole' : 'nocreaterole',
    role.createDb ? 'createdb' : 'nocreatedb',
    role.login ? 'login' : 'nologin',
    role.replication ? 'replication' : 'noreplication',
    role.bypassRls ? 'bypassrls' : 'nobypassrls',
    `connection limit ${role.connectionLimit}`,
    ...(role.validUntil === null ? [] : [`valid until ${quoteLiteral(validUntil(role.validUntil))}`]),
  ];
  return `create role ${quoteName(role.name)} ${words.join(' ')}`;
}

/** The snapshot has it in UTC. */
function validUntil(text: string): string {
  return /infinity|[+-]\d\d(:?\d\d)?$|UTC$/.test(text) ? text : `${text} UTC`;
}

/** Of the same kind as the real one. What cannot be seen is taken for the kind that every version makes by default. */
function passwordOf(
  { name, verifier }: RoleEntry,
  password: string,
  secrets: Readonly<Record<string, string>>,
): readonly string[] {
  if (verifier === null) return [];
  const kind = secrets[verifier]?.startsWith('md5') === true ? 'md5' : 'scram-sha-256';
  return [`set password_encryption = '${kind}'`, `alter role ${quoteName(name)} password ${quoteLiteral(password)}`];
}

function membership(
  { role, member, admin, inherit, set }: Sections['memberships'][number],
  versionNum: number,
): string {
  const grant = `grant ${quoteName(role)} to ${quoteName(member)}`;
  if (versionNum < 160_000) return admin ? `${grant} with admin option` : grant;
  return `${grant} with admin ${admin}, inherit ${inherit ?? true}, set ${set ?? true}`;
}

function rightsOf(
  { name, acl, aclIsNull }: Pick<DatabaseEntry, 'name' | 'acl' | 'aclIsNull'>,
  harmless: boolean,
): readonly string[] {
  if (aclIsNull) return [];
  const database = quoteName(name);
  return [
    `revoke all on database ${database} from public`,
    ...[...parseAcl(acl).values()].flatMap(({ grantee, privilege }) => {
      const word = databaseWords[privilege];
      return word === undefined || (harmless && word === 'create')
        ? []
        : [`grant ${word} on database ${database} to ${quoteGrantee(grantee)}`];
    }),
  ];
}

/** Last: from then on not even a superuser may come in. */
function limitsOf({
  name,
  connectionLimit,
  allowConnections,
}: Pick<DatabaseEntry, 'name' | 'connectionLimit' | 'allowConnections'>): readonly string[] {
  return [
    `alter database ${quoteName(name)} with allow_connections ${allowConnections} connection limit ${connectionLimit}`,
  ];
}

/** Secret values are fingerprints in the snapshot: they decide about nothing here. */
function settingsOf({ name, settings }: RoleEntry, made: ReadonlySet<string>): readonly string[] {
  return Object.entries(settings).flatMap(([database, lines]) => {
    if (database !== '' && !made.has(database)) return [];
    const of =
      name === ''
        ? `database ${quoteName(database)}`
        : `role ${quoteName(name)}${database === '' ? '' : ` in database ${quoteName(database)}`}`;
    if (name === '' && database === '') return [];
    return lines.flatMap((line) => {
      const [key, value] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)];
      if (value.startsWith('hmac:')) return [];
      const literals = isQuotedList(key) ? (splitList(value) ?? [value]) : [value];
      return [`alter ${of} set ${quoteSetting(key)} = ${literals.map(quoteLiteral).join(', ')}`];
    });
  });
}
