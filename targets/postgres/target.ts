/** A PostgreSQL server on this host, behind the face that every kind of target has. */
import { accessExplainer } from '../../domain/access/explain.ts';
import { diffSnapshots } from '../../domain/snapshot/diff.ts';
import { sameState } from '../../domain/revert/plan.ts';
import { byCodeUnit } from '../../domain/snapshot/canonical.ts';
import type { Captured, RevertAs, Target } from '../target.ts';
import { awaitAnswer } from './accepting.ts';
import { impactOf, stateOf, statesOfCaptures } from './access.ts';
import { applyOn } from './apply.ts';
import { carryOverOn } from './carry-over.ts';
import { type Look, fileSetOf, look, lookAtFiles } from './capture.ts';
import { identifyOn } from './identify.ts';
import { identityProblem } from './identity.ts';
import { accessOnceLoaded, lookOn } from './looked.ts';
import { type PostgresTargetOptions, partsOf } from './options.ts';
import type { Parts } from './parts.ts';
import { logLinesOf } from './log-evidence.ts';
import { createObserve } from './observe.ts';
import { planOn } from './plan.ts';
import { itemsOf, planFilesBack } from './revert-plan.ts';
import { removeLeftRehearsals } from './rehearsal/folder.ts';
import { prove } from './rehearsal/prove.ts';
import { rehearse } from './rehearsal/rehearse.ts';
import { planRestoreOn } from './restore.ts';
import { type PlannedBack, previewOf } from './revert-preview.ts';
import { revertOn } from './revert.ts';
import { planSqlBack } from './revert-sql.ts';
import { TargetError } from './target-error.ts';
import { waysBackOn } from './ways-back.ts';

export type { PostgresTargetOptions } from './options.ts';

export function createPostgresTarget(options: PostgresTargetOptions): Target {
  const parts = partsOf(options);
  const remember = (facts: Captured['facts']): void => void (parts.known ??= facts);
  return {
    identify: () => identifyOn(parts),
    capture: async () => (await lookAt(parts)).captured,
    waysBack: (before) => waysBackOn(parts, before),
    letGo: () => parts.sql.lifeline.letGo(),
    otherServer: (before, live) => identityProblem(before.facts, live),
    plan: (before, ...rest) => {
      remember(before.facts);
      return planOn(parts, before, ...rest);
    },
    planRestore: (before, ...rest) => {
      remember(before.facts);
      return planRestoreOn(parts, before, ...rest);
    },
    explain: (captured) => {
      if (captured.snapshot === null) return null;
      return accessExplainer(stateOf(captured, captured.snapshot.sections));
    },
    access: (before, after, asked) => {
      const states = statesOfCaptures(before, after);
      return states === null ? null : impactOf(states, asked);
    },
    look: async () => {
      const seen = await lookOn(parts);
      parts.known = seen.captured.facts;
      return seen;
    },
    accessOnceLoaded,
    removeLeftRehearsals,
    prove,
    rehearse: (input) => rehearse(input, createPostgresTarget),
    apply: (plan, fence, say) => applyOn(parts, plan, fence, say),
    carryOver: (before, change) => carryOverOn(parts, before, change),
    planRevert: async (before, change, as) => {
      remember(before.facts);
      return (await planBack(parts, before, change, as)).items;
    },
    previewRevert: async (before, change, as) => {
      remember(before.facts);
      const planned = await planBack(parts, before, change, as);
      const items = [...(before.carried?.items ?? []), ...planned.items];
      return previewOf(parts, { ...planned, items }, before);
    },
    revert: (input) => {
      remember(input.before.facts);
      return revertOn(parts, input);
    },
    drift,
    observe: createObserve(parts),
    logLines: (time) => logLinesOf(parts, time),
    awaitAccepting: (timeoutMs) => awaitAnswer(parts.endpoint, timeoutMs),
    close: () => parts.sql.close(),
  };
}

async function planBack(
  parts: Parts,
  before: Captured,
  change: Captured | null,
  as: RevertAs | undefined,
): Promise<PlannedBack> {
  const [files, { captured: live }] = await Promise.all([
    planFilesBack(before, change, as?.changeId ?? null, as?.neverReopen),
    lookAt(parts),
  ]);
  const { units, held } = planSqlBack(before, change, live, as?.neverReopen);
  const [c, l] = [change?.snapshot ?? null, live.snapshot];
  return {
    files,
    units,
    held: [...files.held, ...held],
    items: [...itemsOf(files, before, c, l), ...units.flatMap(({ items }) => items)],
  };
}

/** Files only, when SQL does not answer and it is known where they are. */
async function lookAt(parts: Parts): Promise<Look> {
  try {
    const seen = await look(parts.sql, parts.digest);
    parts.known = seen.captured.facts;
    return seen;
  } catch (error) {
    if (!(error instanceof TargetError) || parts.known === null || error.problem.code === 'torn-reading') throw error;
    return lookAtFiles(parts.known, error.problem);
  }
}

function drift(expected: Captured, live: Captured): readonly string[] {
  if (expected.snapshot !== null && live.snapshot !== null)
    return diffSnapshots(expected.snapshot, live.snapshot).map(({ key }) => key);
  const [a, b] = [fileSetOf(expected), fileSetOf(live)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => !sameState(a.get(path) ?? null, b.get(path) ?? null))
    .sort(byCodeUnit)
    .map((path) => `file:${path}`);
}
