/** Plans the way back to an earlier snapshot as a change: gathers what the pure plan needs, and makes its steps. */
import { nothingClosed } from '../../domain/never-reopen.ts';
import { isAccessFile } from '../../domain/snapshot/files.ts';
import { closeRoles } from '../../domain/revert/closed-roles.ts';
import { type FileDecision, planRevertFiles } from '../../domain/revert/plan.ts';
import { onlyOf } from '../../domain/plan/only.ts';
import { planRestore } from '../../domain/plan/restore.ts';
import { type SqlRestore, planSqlRestore } from '../../domain/plan/restore-sql.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Captured, ChangeStep, PlannedChange, Target } from '../target.ts';
import { statesOfPlan } from './access.ts';
import { fileSetOf } from './capture.ts';
import { identityOf } from './identity.ts';
import { closeFiles } from './keep-closed.ts';
import type { Parts } from './parts.ts';
import { withContext, withRisk } from './plan.ts';
import { absentIn, filesInQuestion } from './revert-plan.ts';
import { parseSql } from './sql-parser.ts';
import { raiseProblemsOf } from './standbys.ts';
import { fileSteps, withActivation } from './steps.ts';

type PlanRestore = Target['planRestore'];

export async function planRestoreOn(
  parts: Parts,
  ...[before, wanted, restore, allowance, asked = [], neverReopen = nothingClosed]: Parameters<PlanRestore>
): ReturnType<PlanRestore> {
  const strangers = otherServer(before, wanted);
  if (strangers.length > 0) return { kind: 'refused', problems: strangers };
  const { restart = 'forbidden', only: patterns, snapshot: snapshotId } = restore;
  const live = (await filesInQuestion(before, wanted)).files;
  const old = fileSetOf(wanted);
  const only = onlyOf(patterns);
  const isMeant = ({ path }: FileDecision): boolean => only(`file:${path}`);
  const back = planRevertFiles({
    before: old,
    change: null,
    live,
    changeListed: null,
    listed: wanted.facts.listed,
    absent: absentIn(wanted),
    merged: new Set(),
  }).filter(isMeant);
  const closing = { before: wanted, change: before, live, list: neverReopen, id: snapshotId.slice(0, 12) };
  const { decisions: all, held } = closeFiles(back, closing);
  // Rules that keep somebody out may belong into a file that nobody has asked for: then none is touched.
  const decisions = all.every(isMeant) ? all : back.filter(({ role }) => !isAccessFile(role));
  const closed = withClosedRoles(
    wanted,
    before,
    neverReopen.roles.filter((name) => only(`role:${name}`)),
  );
  const sql = sqlBack(parts, before, closed.wanted, patterns);
  const people = patterns === undefined ? (closed.wanted.snapshot?.sections ?? null) : null;
  const entries = sql.runs.flatMap(({ database, statements }) =>
    statements.map((one) => ({ database: database ?? parts.endpoint.database, statement: one.sql })),
  );
  const parsed = await parseSql(patterns === undefined ? [] : entries);
  const [planned, states] = await withContext(parts, before, { kind: 'config', restart }, allowance, (context) => {
    const made = planRestore(context, { snapshotId, patterns, restart, wanted: old, live, decisions, sql });
    const asRun = { ...context, sql: { ...context.sql, parsed } };
    return [made, made.kind === 'refused' ? null : statesOfPlan(asRun, before, made, people)] as const;
  });
  if (planned.kind === 'refused') return planned;
  const problems = await raiseProblemsOf(parts, planned.raises);
  if (problems.length > 0) return { kind: 'refused', problems };
  const { files } = planned;
  const staysClosed = [...held, ...closed.held].map(({ message }) => `stays closed: ${message}`);
  const { warnings } = planned.summary;
  const summary = await withRisk(parts, { ...planned.summary, warnings: [...staysClosed, ...warnings] }, states, asked);
  const onDisk = fileSteps(parts, before.facts.versionNum, files);
  const runs = sql.runs.map(({ database, statements }): ChangeStep => {
    return { do: 'sql', database, statements: statements.map((one) => one.sql), restoring: true };
  });
  const steps = withActivation(runs, onDisk, summary.effect);
  const plan: PlannedChange = { summary, server: identityOf(before), steps };
  return { kind: 'planned', plan };
}

function withClosedRoles(
  wanted: Captured,
  live: Captured,
  names: readonly string[],
): { readonly wanted: Captured; readonly held: readonly Problem[] } {
  if (wanted.snapshot === null || live.snapshot === null) return { wanted, held: [] };
  const { snapshot } = wanted;
  const { roles, problems } = closeRoles(snapshot.sections.roles, null, live.snapshot.sections.roles, { roles: names });
  return {
    wanted: { ...wanted, snapshot: { ...snapshot, sections: { ...snapshot.sections, roles } } },
    held: problems,
  };
}

export function sqlBack(
  { endpoint }: Parts,
  before: Captured,
  wanted: Captured,
  patterns: readonly string[] | undefined,
): SqlRestore {
  if (wanted.snapshot === null || before.snapshot === null)
    return { items: [], keys: [], runs: [], diff: '', warnings: ['only files are put back: SQL did not answer'] };
  return planSqlRestore(wanted.snapshot.sections, before.snapshot.sections, {
    patterns,
    home: endpoint.database,
    secretOf: (fingerprint) => wanted.secrets?.[fingerprint] ?? null,
  });
}

/** What a snapshot says holds for the server it was taken of, as it was then. */
function otherServer(before: Captured, wanted: Captured): readonly Problem[] {
  const [now, then] = [before.facts, wanted.facts];
  const major = (versionNum: number): number => Math.floor(versionNum / 10_000);
  if (now.systemIdentifier !== then.systemIdentifier)
    return [
      {
        code: 'other-server',
        message: 'the snapshot is of another server',
        detail: `Its system identifier is ${then.systemIdentifier}, here it is ${now.systemIdentifier}.`,
        hint: 'Take what you need from "knowngood snapshot show" into a change of your own.',
      },
    ];
  if (major(now.versionNum) !== major(then.versionNum))
    return [
      {
        code: 'other-version',
        message: `the snapshot is of PostgreSQL ${major(then.versionNum)}, this is ${major(now.versionNum)}`,
        detail: 'Settings come, go and change their meaning between major versions.',
        hint: 'Take what you need from "knowngood snapshot show" into a change of your own.',
      },
    ];
  if (now.dataDirectory !== then.dataDirectory || now.paths.config !== then.paths.config)
    return [
      {
        code: 'other-place',
        message: 'the server has been moved since the snapshot',
        detail: `Then ${then.dataDirectory} with ${then.paths.config}, now ${now.dataDirectory} with ${now.paths.config}.`,
      },
    ];
  return [];
}
