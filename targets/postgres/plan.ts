/** Gathers what planning needs from the server and the disk, and lets pure code judge. Never writes. */
import { join } from 'node:path';
import type { ConfigChange } from '../../domain/change.ts';
import { dirname, isAbsolute, isInside, normalise } from '../../domain/conf/paths.ts';
import { type Planned, planChange } from '../../domain/plan/change.ts';
import type { PlanContext, ResolvedPath, SqlContext } from '../../domain/plan/context.ts';
import type { Asked } from '../../domain/access/impact.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import { greatestRisk, reasonsOfAccess } from '../../domain/plan/risk.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Allowance, Captured, ChangeStep, PlannedChange } from '../target.ts';
import { type Both, askedHere, impactOf, statesOfPlan } from './access.ts';
import { autoConfOf } from './capture-files.ts';
import { fileSetOf } from './capture.ts';
import { Disk } from './disk.ts';
import { identityOf } from './identity.ts';
import { loadReasons } from './load-now.ts';
import type { Parts } from './parts.ts';
import { type SettingRow, settingsQuery } from './queries.ts';
import { effectiveRows, serverSettings } from './server-state.ts';
import { settingProblems } from './setting-problems.ts';
import { fileSteps, withActivation } from './steps.ts';
import { parseSql } from './sql-parser.ts';
import type { Session } from './session.ts';
import { raiseProblemsOf, readConnected } from './standbys.ts';

export async function planOn(
  parts: Parts,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
  asked: readonly Asked[] = [],
): Promise<
  | { readonly kind: 'planned'; readonly plan: PlannedChange }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
> {
  const [planned, states] = await withContext(parts, before, change, allowance, (context) => {
    const made = planChange(context, change);
    return [made, made.kind === 'refused' ? null : statesOfPlan(context, before, made, null)] as const;
  });
  if (planned.kind === 'refused') return planned;
  const problems = await raiseProblemsOf(parts, planned.raises);
  if (problems.length > 0) return { kind: 'refused', problems };
  const steps = stepsOf(parts, before.facts.versionNum, planned);
  const summary = await withRisk(parts, planned.summary, states, asked);
  return { kind: 'planned', plan: { summary, server: identityOf(before), steps } };
}

/** The plan with who loses access by it, and what at the server speaks against doing it now. */
export async function withRisk(
  { sql }: Parts,
  plan: PlanSummary,
  states: Both | null,
  asked: readonly Asked[],
): Promise<PlanSummary> {
  const [here, load] = await sql.any(async (session) => [
    await askedHere(session),
    plan.effect === 'restart' ? await loadReasons(session) : [],
  ]);
  const access = states === null ? null : impactOf(states, [...asked, ...here]);
  const reasons = [...(plan.reasons ?? []), ...(access === null ? [] : reasonsOfAccess(access)), ...load];
  return { ...plan, reasons, risk: greatestRisk(reasons), ...(access === null ? {} : { access }) };
}

/** Everything that planning has to know; the disk is read until nothing is missing. */
export async function withContext<T>(
  parts: Parts,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
  plan: (context: PlanContext) => T,
): Promise<T> {
  const { facts } = before;
  const { settings, serverProblems, standbys, sql } = await parts.sql.any(async (session) => {
    const rows = effectiveRows({
      settings: await session.rows<SettingRow & Record<string, unknown>>(settingsQuery),
      fileSettings: [],
    });
    const known = serverSettings(rows);
    const senders = await readConnected(session);
    return {
      settings: known,
      standbys: senders.map(({ name }) => name),
      sql: await sqlContextOf(session, parts, before, change, allowance),
      serverProblems: await settingProblems(session, facts.versionNum, known, change.settings ?? {}),
    };
  });
  return new Disk().settle((disk): T => {
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
    return plan(context);
  });
}

/** What is to be known of the server for the `sql` of a change. */
export async function sqlContextOf(
  session: Session,
  { endpoint }: Pick<Parts, 'endpoint'>,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
): Promise<SqlContext> {
  const databases = await session.rows<DatabaseRow>(databasesQuery);
  return {
    allowed: allowance.sql,
    parsed: await parseSql(change.sql ?? []),
    databases: new Map(databases.map((row) => [row.name, uncovered(before, row)])),
    mayCreateRoles:
      before.facts.versionNum < 160000 ||
      before.snapshot?.sections.roles.find(({ name }) => name === endpoint.user)?.superuser === true,
  };
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

/** SQL fails most easily, and as a whole: it comes first, while nothing else has been written yet. */
function stepsOf(
  parts: Parts,
  versionNum: number,
  { files, alters, runs, summary }: Extract<Planned, { kind: 'planned' }>,
): readonly ChangeStep[] {
  const alterations = alters.map(({ name, literals }): ChangeStep => ({ do: 'alter-system', name, literals }));
  const onDisk = fileSteps(parts, versionNum, files, alterations);
  return withActivation(
    runs.map((run): ChangeStep => ({ do: 'sql', ...run })),
    onDisk,
    summary.effect,
  );
}
