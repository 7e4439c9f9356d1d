/** Rehearse: the planned change on a scratch server of this host, before anything is armed. The target is not touched. */
import { join } from 'node:path';
import type { AgentActivities } from '../domain/agent-steps.ts';
import { parseChecksToProve } from '../domain/proof.schema.ts';
import { fitForHistory } from '../domain/problem.ts';
import type { MeasureCheck } from '../domain/proof.ts';
import type { Rehearsal } from '../domain/rehearsal.ts';
import type { AgentParts } from './agent-parts.ts';
import { refused } from './answers.ts';
import type { Candidates } from './candidates.ts';
import { checkCaller } from './caller.ts';
import { unknownSnapshot } from './preparing.ts';

type ProveInput = Parameters<AgentActivities['proveChecks']>[0];

export interface Proving {
  /** `measure`: the checks' own probe, which the agent has not. */
  proveChecks(input: ProveInput, measure: MeasureCheck): ReturnType<AgentActivities['proveChecks']>;
}

export function createRehearsing(
  parts: AgentParts,
  candidates: Candidates,
): Pick<AgentActivities, 'rehearse'> & Proving {
  // Two scratch servers at a time would take twice of what one may.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    async rehearse(input) {
      checkCaller(parts, input);
      const { config, target, state, log } = parts;
      const { enabled, folder, timeoutMs } = config.rehearsal;
      if (!enabled) return { kind: 'off' };
      const before = await candidates.find(input.snapshotId);
      if (before === null) return refused([unknownSnapshot(input.snapshotId)]);
      const kept = input.planHash === null ? null : await state.bodies.plan(input.changeId, input.planHash);
      if (input.planHash !== null && (kept === null || kept.snapshotId !== input.snapshotId))
        return refused([unknownPlan(input.changeId)]);
      const { principals } = input;
      const records = recordsIn(state.path);
      const plan = kept?.planned ?? null;
      const found = await inTurn(() => target.rehearse({ before, plan, principals, records, folder, timeoutMs }));
      log.info(`rehearsed change ${input.changeId}: ${wordsOf(found)}`);
      return { kind: 'rehearsed', ...found, findings: fitting(found), problems: fitForHistory(found.problems) };
    },

    async proveChecks(input, measure) {
      checkCaller(parts, input);
      const { enabled, folder, timeoutMs } = parts.config.rehearsal;
      if (!enabled) return { kind: 'off' };
      const before = await candidates.find(input.snapshotId);
      if (before === null) return refused([unknownSnapshot(input.snapshotId)]);
      const checks = parseChecksToProve(input.checks);
      if (checks === null) return refused([badChecks]);
      const records = recordsIn(parts.state.path);
      const proven = await inTurn(() => parts.target.prove({ before, checks, measure, records, folder, timeoutMs }));
      return { kind: 'proven', ...proven, findings: fitting(proven) };
    },
  };
}

/** Where it is kept what must be removed should this agent be killed. */
export function recordsIn(stateFolder: string): string {
  return join(stateFolder, 'rehearsal');
}

const badChecks = {
  code: 'invalid-value',
  message: 'checks: is not a list of sql and tcp checks with the roles to cut',
  hint: 'Let "knowngood checks prove" make it from knowngood.yaml.',
};

const mostFindings = 60;

function fitting({ findings }: Pick<Rehearsal, 'findings'>): Rehearsal['findings'] {
  // The last ones say whether apply and revert worked.
  const shown =
    findings.length <= mostFindings ? findings : [...findings.slice(0, mostFindings - 10), ...findings.slice(-10)];
  return shown.map(({ problem, ...finding }) => {
    const [fit] = problem === undefined ? [] : fitForHistory([problem]);
    return fit === undefined ? finding : { ...finding, problem: fit };
  });
}

function wordsOf({ findings, problems, tookMs }: Rehearsal): string {
  const untried = findings.filter(({ ok }) => ok === null).length;
  return `${findings.length} findings, ${problems.length} against it, ${untried} not tried, in ${tookMs} ms`;
}

function unknownPlan(changeId: string): { code: string; message: string; hint: string } {
  return {
    code: 'unknown-plan',
    message: `the agent has no such plan of change ${changeId}`,
    hint: 'Plan the change again.',
  };
}
