/** A look for drift: a capture, and what tells whether it is in force, what it becomes once it is loaded, and who is there. */
import { effectiveAssignments, walkConf } from '../../domain/conf/conf-tree.ts';
import type { AccessImpact, Asked } from '../../domain/access/impact.ts';
import type { Captured, Looked, OpenSessions } from '../target.ts';
import { askedHere, impactOf, stateOf, statesOfCaptures } from './access.ts';
import { autoConfOf } from './capture-files.ts';
import { type Look, look } from './capture.ts';
import type { Parts } from './parts.ts';
import type { Session } from './session.ts';
import { ownApplications } from '../../domain/access/observed.ts';

/** Throws a TargetError: without SQL nothing can be compared. */
export async function lookOn({ sql, digest }: Parts): Promise<Looked> {
  const seen = await look(sql, digest);
  const { here, sessions } = await sql.any(async (session) => ({
    here: await askedHere(session),
    sessions: await openSessions(session),
  }));
  return { captured: seen.captured, facts: factsOf(seen), onDisk: settingsOnDisk(seen), here, sessions };
}

function factsOf({ captured, state, onDisk }: Look): Looked['facts'] {
  const { paths } = captured.facts;
  const codes = new Set(captured.dirty.map(({ code }) => code));
  const broken = captured.dirty.filter(({ code }) => code === 'file-error');
  const unloadable = [...onDisk.files.keys()].filter(
    (path) =>
      broken.some(({ message }) => message.startsWith(`${path} line `)) ||
      (path === paths.hba && codes.has('hba-would-not-load')) ||
      (path === paths.ident && codes.has('ident-would-not-load')),
  );
  const pending = new Set(
    captured.snapshot?.sections.settings
      .filter(({ pendingRestart }) => pendingRestart)
      .map(({ name }) => name.toLowerCase()),
  );
  // The server itself tells no file of what it has not taken yet.
  const waiting = (state?.fileSettings ?? []).flatMap(({ name, file }) =>
    pending.has(name?.toLowerCase() ?? '') ? [file] : [],
  );
  const changedAt = [...onDisk.files.keys()].map((path) => [path, onDisk.disk.file(path)?.changedAt ?? 0] as const);
  return {
    loadedAt: state?.server.loadedAt ?? 0,
    changedAt: Object.fromEntries(changedAt),
    unloadable,
    waitsIn: [...new Set(waiting)],
    goneLines: codes.has('file-not-loaded'),
  };
}

/** What a start would make of the files; a setting that only the running server has is not among them. */
function settingsOnDisk({ captured, state, onDisk }: Look): Looked['onDisk'] {
  const { dataDirectory, paths } = captured.facts;
  const assigned = effectiveAssignments(walkConf(paths.config, autoConfOf(dataDirectory), onDisk.disk));
  const rows = state?.settings ?? [];
  return Object.fromEntries(
    rows.flatMap(({ name, source, bootVal }): [string, string][] => {
      if (source === 'command line' || source === 'override') return [];
      const value = assigned.get(name.toLowerCase())?.value;
      if (value !== undefined) return [[name.toLowerCase(), value]];
      return source === 'configuration file' ? [[name.toLowerCase(), bootVal ?? '']] : [];
    }),
  );
}

/** From `before` to what was seen, once all of it is loaded; null: one of them was taken without SQL. */
export function accessOnceLoaded(before: Captured, live: Looked, asked: readonly Asked[]): AccessImpact | null {
  const states = statesOfCaptures(before, live.captured);
  const { snapshot } = live.captured;
  if (states === null || snapshot === null) return null;
  const after = stateOf(live.captured, snapshot.sections, new Map(Object.entries(live.onDisk)));
  return impactOf({ ...states, after }, [...asked, ...live.here]);
}

/** More tell nobody more. */
const mostSessions = 500;

const ownNames = ownApplications.map((name) => `'${name}'`).join(', ');

/** Of people and services; ours are not asked about. It waits for no lock. */
const sessionsQuery = `
  select usename::text as user, datname::text as database, pg_catalog.host(client_addr) as address, count(*)::int as sessions
  from pg_catalog.pg_stat_activity
  where backend_type = 'client backend' and usename is not null and datname is not null
    and application_name not in (${ownNames})
  group by 1, 2, 3 order by 4 desc, 1, 2, 3 limit ${mostSessions}`;

export function openSessions(session: Session): Promise<readonly OpenSessions[]> {
  return session.rows<OpenSessions & Record<string, unknown>>(sessionsQuery);
}
