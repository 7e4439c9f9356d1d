/** Plans the way back to an earlier snapshot as a change: gathers what the pure plan needs, and makes its steps. */
import { nothingClosed } from '../../domain/never-reopen.ts';
import { planRestore } from '../../domain/plan/restore.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Captured, PlannedChange, Target } from '../target.ts';
import { statesOfPlan } from './access.ts';
import { fileSetOf } from './capture.ts';
import { identityOf } from './identity.ts';
import type { Parts } from './parts.ts';
import { withContext, withRisk } from './plan.ts';
import { absentIn, filesInQuestion } from './revert-plan.ts';
import { parseSql } from './sql-parser.ts';
import { raiseProblemsOf } from './standbys.ts';
import { fileSteps, withActivation } from './steps.ts';
import { otherMajor, wayBack } from './way-back.ts';

type PlanRestore = Target['planRestore'];

export async function planRestoreOn(
  parts: Parts,
  ...[before, wanted, restore, as]: Parameters<PlanRestore>
): ReturnType<PlanRestore> {
  const { allowance, asked = [], neverReopen = nothingClosed, change = null } = as;
  const strange = otherServer(before, wanted) ?? (change === null ? null : otherServer(before, change));
  if (strange !== null) return { kind: 'refused', problems: [strange] };
  const { restart = 'forbidden', only: patterns, snapshot: snapshotId } = restore;
  const live = (await filesInQuestion(before, wanted)).files;
  const old = fileSetOf(wanted);
  const changed = change === null ? null : fileSetOf(change);
  const absent = absentIn(wanted);
  const back = wayBack(parts, { before, wanted, change, changed, old, live, absent, restore, neverReopen });
  const { decisions, sql, entries, people } = back;
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
  const { warnings } = planned.summary;
  const summary = await withRisk(
    parts,
    { ...planned.summary, warnings: [...back.warnings, ...warnings] },
    states,
    asked,
  );
  const onDisk = fileSteps(parts, before.facts.versionNum, files);
  const steps = withActivation(back.runs, onDisk, summary.effect);
  const plan: PlannedChange = { summary, server: identityOf(before), steps };
  return { kind: 'planned', plan };
}

/** What a snapshot says holds for the server it was taken of, as it was then. */
function otherServer(before: Captured, wanted: Captured): Problem | null {
  const [now, then] = [before.facts, wanted.facts];
  if (now.systemIdentifier !== then.systemIdentifier)
    return {
      code: 'other-server',
      message: 'the snapshot is of another server',
      detail: `Its system identifier is ${then.systemIdentifier}, here it is ${now.systemIdentifier}.`,
      hint: 'Take what you need from "knowngood snapshot show" into a change of your own.',
    };
  const older = otherMajor(before, wanted);
  if (older !== null) return older;
  if (now.dataDirectory !== then.dataDirectory || now.paths.config !== then.paths.config)
    return {
      code: 'other-place',
      message: 'the server has been moved since the snapshot',
      detail: `Then ${then.dataDirectory} with ${then.paths.config}, now ${now.dataDirectory} with ${now.paths.config}.`,
    };
  return null;
}
