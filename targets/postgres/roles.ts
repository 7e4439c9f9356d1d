/** Asks a server what the script of Knowngood's roles has to say about it. Touches nothing. */
import type { Problem } from '../../domain/problem.ts';
import type { AgentRoles } from '../../domain/least-privilege/script.ts';
import type { Captured } from '../target.ts';
import { look } from './capture.ts';
import { type PostgresTargetOptions, partsOf } from './options.ts';
import type { Parts } from './parts.ts';
import { type SettingRow, settingsQuery } from './queries.ts';
import { TargetError } from './target-error.ts';

type ServerFacts = Pick<AgentRoles, 'version' | 'versionNum' | 'settings' | 'databases' | 'sections' | 'cluster'>;

export interface AskedForRoles extends ServerFacts {
  /** Of the names that were asked about. */
  readonly superusers: readonly string[];
  /** Databases in which a role of the names has privileges. */
  readonly usedIn: readonly string[];
  /** Why `sections` is null. */
  readonly unseen: readonly Problem[];
}

interface ServerRow {
  readonly [column: string]: unknown;
  readonly version: string;
  readonly versionNum: number;
  readonly databases: readonly string[];
  readonly superusers: readonly string[];
  readonly usedIn: readonly string[];
}

const serverQuery = `
  select pg_catalog.current_setting('server_version') as version,
    pg_catalog.current_setting('server_version_num')::int as "versionNum",
    (select json_agg(datname order by datname) from pg_catalog.pg_database where datallowconn and datconnlimit <> -2)
      as databases,
    (select coalesce(json_agg(rolname), '[]') from pg_catalog.pg_roles where rolsuper and rolname = any ($1)) as superusers,
    (select coalesce(json_agg(distinct d.datname), '[]') from pg_catalog.pg_shdepend s
      join pg_catalog.pg_database d on d.oid = s.dbid join pg_catalog.pg_roles r on r.oid = s.refobjid
      where s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and r.rolname = any ($1)) as "usedIn"`;

/** Throws a TargetError when nobody answers. */
export async function askForRoles(options: PostgresTargetOptions, names: readonly string[]): Promise<AskedForRoles> {
  const parts = partsOf(options);
  try {
    const asked = await askServer(parts, names, async () => (await look(parts.sql, parts.digest)).captured);
    return { ...asked, cluster: null };
  } finally {
    await parts.sql.close();
  }
}

/** `capture`: by the login that asks. */
export async function askServer(
  { sql }: Parts,
  names: readonly string[],
  capture: () => Promise<Captured>,
): Promise<Omit<AskedForRoles, 'cluster'>> {
  const [row] = await sql.fresh((session) => session.rows<ServerRow>(serverQuery, [names]));
  if (row === undefined) throw new TypeError('the server gave no row');
  const settings = await sql.any((session) => session.rows<SettingRow & Record<string, unknown>>(settingsQuery));
  return { ...row, settings, ...(await seenWhole(capture)) };
}

/** Owners are told of all databases or of none: half a list would look like the whole. */
async function seenWhole(capture: () => Promise<Captured>): Promise<Pick<AskedForRoles, 'sections' | 'unseen'>> {
  try {
    const { snapshot, dirty } = await capture();
    const unseen = dirty.filter(({ code }) => code === 'database-unread');
    return { sections: unseen.length > 0 ? null : (snapshot?.sections ?? null), unseen };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { sections: null, unseen: error.problems };
  }
}
