/** Gathers what planning needs from the server and the disk, and lets pure code judge. Never writes. */
import { join } from 'node:path';
import type { ConfigChange } from '../../domain/change.ts';
import { dirname, isAbsolute, isInside, normalise } from '../../domain/conf/paths.ts';
import { type Planned, planChange } from '../../domain/plan/change.ts';
import type { PlanContext, ResolvedPath, SqlContext } from '../../domain/plan/context.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Allowance, Captured, ChangeStep, PlannedChange } from '../target.ts';
import { autoConfOf } from './capture-files.ts';
import { fileSetOf } from './capture.ts';
import { Disk } from './disk.ts';
import type { Parts } from './parts.ts';
import { type SettingRow, settingsQuery } from './queries.ts';
import { effectiveRows, serverSettings } from './server-state.ts';
import { settingProblems } from './setting-problems.ts';
import { parseSql } from './sql-parser.ts';

export async function planOn(
  parts: Parts,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
): Promise<
  | { readonly kind: 'planned'; readonly plan: PlannedChange }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
> {
  const { facts } = before;
  const { settings, serverProblems, standbys, databases } = await parts.sql.any(async (session) => {
    const rows = effectiveRows({
      settings: await session.rows<SettingRow & Record<string, unknown>>(settingsQuery),
      fileSettings: [],
    });
    const known = serverSettings(rows);
    const senders = await session.rows<{ name: string }>(standbysQuery);
    return {
      settings: known,
      standbys: senders.map(({ name }) => name),
      databases: await session.rows<DatabaseRow>(databasesQuery),
      serverProblems: await settingProblems(session, facts.versionNum, known, change.settings ?? {}),
    };
  });
  const sql: SqlContext = {
    allowed: allowance.sql,
    parsed: await parseSql(change.sql ?? []),
    databases: new Map(databases.map((row) => [row.name, uncovered(before, row)])),
  };
  const planned = await new Disk().settle((disk): Planned => {
    const context: PlanContext = {
      versionNum: facts.versionNum,
      settings,
      before: fileSetOf(before),
      paths: { ...facts.paths, auto: autoConfOf(facts.dataDirectory) },
      disk,
      resolve: resolver(before, allowance, disk),
      allowedSettings: allowance.settings,
      canRestart: parts.restart !== null,
      standbys,
      digest: (role, content) => parts.digest.digest(role, content, facts.versionNum),
      fingerprint: parts.digest.fingerprint,
      serverProblems,
      sql,
    };
    return planChange(context, change);
  });
  return planned.kind === 'refused'
    ? planned
    : { kind: 'planned', plan: { summary: planned.summary, steps: stepsOf(parts, facts.versionNum, planned) } };
}

interface DatabaseRow {
  readonly [column: string]: unknown;
  readonly name: string;
  readonly allowsConnections: boolean;
}

const databasesQuery = `select datname as name, datallowconn as "allowsConnections" from pg_catalog.pg_database`;

/** Why what SQL changes in this database could not be taken back; null: it could. */
function uncovered({ snapshot }: Captured, { name, allowsConnections }: DatabaseRow): string | null {
  if (!allowsConnections) return 'It allows no connections.';
  const catalog = snapshot?.sections.catalogs.find(({ database }) => database === name);
  return catalog?.unread ?? null;
}

/** Physical ones: those of logical replication have a slot with a plugin. */
const standbysQuery = `
  select coalesce(nullif(r.application_name, ''), r.client_addr::text, 'unnamed') as name
  from pg_catalog.pg_stat_replication r left join pg_catalog.pg_replication_slots s on s.active_pid = r.pid
  where s.plugin is null and r.application_name not like 'pg_basebackup%'`;

/** Symbolic links followed: what a path names and what it leads to must both be the configuration's. */
function resolver(
  { facts, includeDirs, files }: Captured,
  allowance: Allowance,
  disk: Disk,
): (given: string) => ResolvedPath {
  const home = dirname(facts.paths.config);
  const real = (path: string): string => disk.real(path) ?? path;
  const own = [home, ...includeDirs].map(real);
  const granted = allowance.paths.map((path) => real(normalise(path)));
  return (given) => {
    const named = normalise(isAbsolute(given) ? given : join(home, given));
    const existing = disk.real(named);
    const parent = disk.real(dirname(named));
    const leadsTo = existing ?? (parent === null ? named : join(parent, named.slice(dirname(named).length)));
    const known =
      files.find(({ path }) => path === named) ??
      files.find(({ path }) => existing !== null && disk.real(path) === existing);
    const allowed = granted.some((folder) => isInside(folder, leadsTo));
    return {
      path: known?.path ?? named,
      inside: allowed || own.some((folder) => isInside(folder, leadsTo)),
      exists: existing !== null,
      parentExists: parent !== null,
      allowed,
    };
  };
}

/** New files before those that may include them, removals after those that did. */
function stepsOf(
  parts: Parts,
  versionNum: number,
  { files, alters, runs, summary }: Extract<Planned, { kind: 'planned' }>,
): readonly ChangeStep[] {
  const digestOf = (file: (typeof files)[number]): string | null =>
    file.before === null ? null : parts.digest.digest(file.before.role, file.before.content, versionNum);
  const writes = files.flatMap((file): ChangeStep[] =>
    file.after === null
      ? []
      : [
          {
            do: 'write-file',
            path: file.path,
            base64: Buffer.from(file.after, 'latin1').toString('base64'),
            expectDigest: digestOf(file),
          },
        ],
  );
  const removals = files.flatMap((file): ChangeStep[] => {
    const digest = digestOf(file);
    return file.after !== null || digest === null ? [] : [{ do: 'remove-file', path: file.path, expectDigest: digest }];
  });
  const isNew = (step: ChangeStep): boolean => step.do === 'write-file' && step.expectDigest === null;
  const onDisk: ChangeStep[] = [
    ...writes.filter(isNew),
    ...writes.filter((step) => !isNew(step)),
    ...alters.map(({ name, literals }): ChangeStep => ({ do: 'alter-system', name, literals })),
    ...removals,
  ];
  // SQL fails most easily, and as a whole: then nothing else has been written yet.
  const steps = [...runs.map((run): ChangeStep => ({ do: 'sql', ...run })), ...onDisk];
  if (summary.effect === 'restart') return [...steps, { do: 'restart' }];
  return onDisk.length === 0 ? steps : [...steps, { do: 'reload' }];
}
