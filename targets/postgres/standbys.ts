/** The standbys of a server: who is connected, and what those that the agent's configuration names have. Reads only. */
import pg from 'pg';
import {
  type ConnectedStandby,
  type NamedStandby,
  type Raise,
  raiseProblems,
  raisesIn,
  standbySettings,
} from '../../domain/standby.ts';
import { walkConf } from '../../domain/conf/conf-tree.ts';
import type { Problem } from '../../domain/problem.ts';
import { autoConfOf } from './capture-files.ts';
import { connectError } from './connect-error.ts';
import { Disk } from './disk.ts';
import { type Endpoint, placeOf } from './endpoint.ts';
import type { Parts } from './parts.ts';
import { type SettingRow, settingsQuery } from './queries.ts';
import { readPlaces, serverSettings } from './server-state.ts';
import type { Session } from './sql-channel.ts';
import { messageOf } from './target-error.ts';

/** Whoever takes a backup or only receives WAL replays nothing: a standby tells how far it has replayed. */
const connectedQuery = `
  select coalesce(nullif(r.application_name, ''), 'unnamed') as name, r.client_addr::text as address, s.slot_name as slot
  from pg_catalog.pg_stat_replication r left join pg_catalog.pg_replication_slots s on s.active_pid = r.pid
  where s.plugin is null and r.state <> 'backup' and r.application_name not like 'pg_basebackup%'
    and (r.replay_lsn is not null or r.flush_lsn is null)
    and r.application_name <> 'pg_receivewal' order by 1, 2`;

export function readConnected(session: Session): Promise<readonly ConnectedStandby[]> {
  return session.rows<ConnectedStandby & Record<string, unknown>>(connectedQuery);
}

/** Empty: they may be raised. Asks each named standby on a connection of its own. */
export async function raiseProblemsOf(
  { sql, standbys }: Pick<Parts, 'sql' | 'standbys'>,
  raises: readonly Raise[],
): Promise<readonly Problem[]> {
  if (raises.length === 0) return [];
  const [connected, identifier] = await sql.any(
    async (session) => [await readConnected(session), await identifierOf(session)] as const,
  );
  const named = await Promise.all(standbys.map((standby) => ask(standby, identifier)));
  return raiseProblems(raises, connected, named);
}

/** Of a restart now: what it would raise, by the files as they are on disk, whoever wrote them. */
export async function restartProblems(parts: Pick<Parts, 'sql' | 'standbys'>): Promise<readonly Problem[]> {
  const [rows, { paths, dataDirectory }] = await parts.sql.any(
    async (session) =>
      [await session.rows<SettingRow & Record<string, unknown>>(settingsQuery), await readPlaces(session)] as const,
  );
  const then = await new Disk().settle((disk) => walkConf(paths.config, autoConfOf(dataDirectory), disk));
  return raiseProblemsOf(parts, raisesIn(serverSettings(rows), then));
}

async function identifierOf(session: Session): Promise<string> {
  const [row] = await session.rows<{ identifier: string }>(
    'select system_identifier::text as identifier from pg_catalog.pg_control_system()',
  );
  return row?.identifier ?? '';
}

interface StandbyRow {
  readonly identifier: string;
  readonly inRecovery: boolean;
  readonly values: Readonly<Record<string, number>>;
  readonly streams: boolean;
  readonly slot: string | null;
  readonly conninfo: string | null;
}

const standbyQuery = `
  select (select system_identifier::text from pg_catalog.pg_control_system()) as identifier,
    pg_catalog.pg_is_in_recovery() as "inRecovery",
    (select json_object_agg(name, setting::bigint) from pg_catalog.pg_settings
      where name in (${standbySettings.map((name) => `'${name}'`).join(', ')})) as values,
    exists (select from pg_catalog.pg_stat_wal_receiver) as streams,
    (select nullif(slot_name, '') from pg_catalog.pg_stat_wal_receiver) as slot,
    (select conninfo from pg_catalog.pg_stat_wal_receiver) as conninfo`;

async function ask(endpoint: Endpoint, identifier: string): Promise<NamedStandby> {
  const place = placeOf(endpoint);
  const silent = (why: string): NamedStandby => ({ kind: 'silent', place, why });
  const client = new pg.Client(endpoint.config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<StandbyRow>(standbyQuery);
    const [row] = rows;
    if (row === undefined) return silent('It gave no answer');
    if (row.identifier !== identifier)
      return silent(`It is another cluster's, with the system identifier ${row.identifier}`);
    if (!row.inRecovery) return silent('It is no standby (any more)');
    const { values, streams, slot } = row;
    return { kind: 'answers', place, values, streams, slot, name: nameIn(row.conninfo) };
  } catch (error) {
    const { problem } = connectError(endpoint, error);
    return silent(problem.detail ?? messageOf(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What its primary shows as application_name; without the privilege, nothing is told. */
function nameIn(conninfo: string | null): string | null {
  if (conninfo === null || conninfo === '') return null;
  const value = (name: string): string | undefined =>
    new RegExp(`(?:^| )${name}=(.*?)(?= [a-z_]+=|$)`).exec(conninfo)?.[1];
  return value('application_name') ?? value('fallback_application_name') ?? 'walreceiver';
}
