/** What the agent's role has by now: what it may put back, and what it could do beyond that. */
import type { Excess } from '../../domain/least-privilege/excess.ts';
import { unneededRoles } from '../../domain/least-privilege/excess.ts';
import type { Held } from '../../domain/least-privilege/restorable.ts';
import type { Session } from './sql-channel.ts';

interface PowerRow {
  readonly [column: string]: unknown;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly user: string;
}

const powerQuery = `
  select rolsuper as superuser, rolcreaterole as "createRole", rolcreatedb as "createDb",
    rolname as "user"
  from pg_catalog.pg_roles where rolname = current_user`;

/** From 16 on a membership may be without the right to act as the role. */
const actsAsQuery = (versionNum: number): string => `
  select rolname as name from pg_catalog.pg_roles
  where pg_catalog.pg_has_role(current_user, oid, '${versionNum >= 160_000 ? 'SET' : 'MEMBER'}')`;

const adminsQuery = `
  select r.rolname as name from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid
  where m.admin_option and pg_catalog.pg_has_role(current_user, m.member, 'USAGE')`;

export async function readHeld(session: Session, versionNum: number): Promise<Held> {
  const [power] = await session.rows<PowerRow>(powerQuery);
  if (power === undefined) throw new TypeError('the power query gave no row');
  const names = async (sql: string): Promise<ReadonlySet<string>> =>
    new Set((await session.rows<{ name: string }>(sql)).map(({ name }) => name));
  return { ...power, actsAs: await names(actsAsQuery(versionNum)), admins: await names(adminsQuery) };
}

const excessQuery = `
  select rolsuper as superuser, rolreplication as replication, rolbypassrls as "bypassRls",
    (select coalesce(json_agg(o.rolname order by o.rolname), '[]') from pg_catalog.pg_roles o
      where o.rolname = any ($1) and pg_catalog.pg_has_role(current_user, o.oid, 'usage')) as roles
  from pg_catalog.pg_roles where rolname = current_user`;

/** Of `names`: which of them the role may set for the whole server. Before 15 that is a superuser's alone. */
const settableQuery = `
  select name from pg_catalog.unnest($1::text[]) name
  where pg_catalog.has_parameter_privilege(name, 'ALTER SYSTEM')`;

/** `refused`: settings that the agent would not touch. */
export async function readExcess(session: Session, versionNum: number, refused: readonly string[]): Promise<Excess> {
  const [row] = await session.rows<Excess & Record<string, unknown>>(excessQuery, [unneededRoles]);
  if (row === undefined) throw new TypeError('the excess query gave no row');
  return { ...row, settings: row.superuser ? [] : await readSettable(session, versionNum, refused) };
}

export async function readSettable(
  session: Session,
  versionNum: number,
  names: readonly string[],
): Promise<readonly string[]> {
  if (versionNum < 150_000) return [];
  return (await session.rows<{ name: string }>(settableQuery, [names])).map(({ name }) => name);
}
