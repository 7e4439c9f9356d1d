/** Stages 6 to 9a: from the first write to the ruling, and the keeping of what deserved it. */
import { isCancellation } from '@temporalio/workflow';
import type { Applied, Armed } from '../activities/contract.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import { principalText } from '../domain/plan/risk.ts';
import { endOf, notApplied, revert, selfReverted } from './answers.ts';
import { firstOf, problemOf, type End, type Ruling } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import { recordRuling } from './recording.ts';
import type { Operators } from './decisions.ts';
import { callerOf } from './caller.ts';
import { agent, applying } from './steps.ts';
import { untilDeadline } from './waiting.ts';
import { hold, watchTheSoak } from './watching.ts';

export async function applyAndWatch(flow: Flow, operators: Operators, armed: Armed): Promise<Ruling> {
  const change = flow.change;
  if (!change) throw new Error('applied without an admitted change');
  if (armed.phase === 'applying')
    return revert('taken-over-while-applying', 'an earlier run was cut off in the middle of applying');
  const applied = armed.applied ?? (await apply(flow, operators, change));
  if ('reason' in applied) return applied;
  inForce(flow, applied);
  const ruling = await watchTheSoak(flow, operators, change, applied);
  const isPart = ruling.kind === 'revert' && ruling.reason === 'check-failed' && change.policy.scoped;
  if (isPart) return inPart(flow, operators, change, applied, ruling);
  return ruling.kind === 'keep' && applied.takenBack !== undefined ? without(applied.takenBack, ruling) : ruling;
}

/** Kept, and not what was asked for: by this run, or by one before a Reset. */
function without(items: readonly string[], { why }: Ruling): Ruling {
  return { kind: 'keep', reason: 'kept-in-part', why: `without ${items.join(', ')}; ${why}` };
}

/** Takes back what explains the failure and watches the rest; without an explanation, or without success, it is all. */
async function inPart(
  flow: Flow,
  operators: Operators,
  change: AdmittedChange,
  applied: Applied,
  ruling: Ruling,
): Promise<Ruling> {
  const only = [...new Set(flow.attribution.flatMap(({ items }) => items))];
  if (only.length === 0) {
    note(flow, 'nothing of the change is known to explain it: all of it is reverted');
    return ruling;
  }
  const names = only.join(', ');
  enter(flow, 'watch', `${ruling.why}; taking back only ${names}`, { inMs: partMs, then: 'all of it is reverted' });
  recordRuling(flow, 'revert-in-part', { ...ruling, why: `${ruling.why}; of the change it is ${names}` });
  const summary = `take back ${only.length} item(s) of the change`;
  const answer = await applying(change.target, partMs, summary)
    .revertItems({ ...callerOf(flow), only })
    .catch((error: unknown) => {
      if (isCancellation(error)) throw error;
      return { kind: 'refused', problems: [problemOf(error)] } as const;
    });
  if (answer.kind !== 'partly') {
    note(
      flow,
      `they could not be taken back alone: ${answer.kind === 'refused' ? firstOf(answer.problems) : answer.kind}`,
    );
    return ruling;
  }
  note(flow, `taken back: ${names}; the rest stays in force`);
  flow.snapshots.change = answer.snapshotId;
  const { acceptingAt, snapshotId } = answer;
  const rest = await watchTheSoak(flow, operators, change, { ...applied, acceptingAt, snapshotId, restarted: false });
  if (rest.kind === 'revert') return rest;
  flow.dependents = 'recovered';
  return without([...(applied.takenBack ?? []), ...only], rest);
}

const partMs = 120_000;

async function apply(flow: Flow, operators: Operators, change: AdmittedChange): Promise<Applied | Ruling> {
  const { target, policy } = change;
  const timeout = { inMs: policy.applyTimeoutMs, then: 'what was written is reverted' };
  const caller = callerOf(flow);
  if (change.changeKind === 'external') {
    enter(flow, 'apply', 'armed: the pipeline may begin', timeout);
    const heard = (): boolean => operators.pipeline !== null || operators.journalClosed;
    const inTime = await untilDeadline(flow, heard, 'the pipeline must report');
    if (operators.journalClosed) return revert('contact-lost', 'the agent closed the change on its own');
    if (!inTime) return revert('apply-timeout', 'the pipeline said neither applied nor failed in time');
    if (operators.pipeline?.said === 'failed') return revert('pipeline-failed', pipelineWords(operators.pipeline));
    const captured = await applying(target, 120_000, 'see what the pipeline changed').captureApplied(caller);
    return captured.kind === 'applied' ? captured : notApplied(captured);
  }
  const isCommand = change.changeKind === 'command';
  enter(flow, 'apply', isCommand ? `armed: running the agent's command ${change.what}` : 'armed: writing', timeout);
  const summary = isCommand ? `run the command ${change.what} on the host` : `write the change to ${target}`;
  const answer = await applying(target, policy.applyTimeoutMs, summary).apply({
    ...caller,
    planHash: flow.plan?.hash ?? '',
    command: isCommand ? change.what : null,
  });
  if (answer.kind === 'applied') flow.commandExitCode = answer.exitCode;
  return answer.kind === 'applied' ? answer : notApplied(answer, (code) => (flow.commandExitCode = code));
}

function inForce(flow: Flow, applied: Applied): void {
  flow.snapshots.change = applied.snapshotId;
  flow.moments.applied = applied.acceptingAt;
  // What a command did is known only now; a planned change keeps the plan that was approved.
  if (flow.claims.changeKind !== 'config') flow.plan = null;
  flow.plan ??= applied.plan;
  flow.seen = applied.plan;
  for (const lost of applied.plan.access?.lost ?? [])
    note(flow, `in force, and ${principalText(lost)} has lost access`);
}

/** Keeps what the rules kept: the journal closes, the snapshot becomes known-good. Else the ruling to revert. */
export async function confirm(flow: Flow, operators: Operators, ruling: Ruling): Promise<End | Ruling> {
  const { change } = flow;
  if (!change) throw new Error('confirmed without an admitted change');
  let acceptDrift = false;
  try {
    for (;;) {
      const steps = agent(change.target, 'confirm: release the lease, bless the snapshot');
      const answer = await steps.confirm({ ...callerOf(flow), acceptDrift });
      if (answer.kind === 'confirmed') {
        flow.snapshots.after = answer.snapshotId;
        return { outcome: 'kept', reason: ruling.reason, summary: `kept: ${ruling.why}`, problems: [] };
      }
      if (answer.kind === 'closed') return answer.phase === 'confirmed' ? endOf(answer) : selfReverted(answer);
      if (answer.kind !== 'drifted') return notApplied(answer);
      note(flow, `the configuration differs from what was applied: ${answer.items.slice(0, 5).join(', ')}`);
      const held = await hold(flow, operators, change, {
        why: `somebody changed it meanwhile: ${answer.items.slice(0, 5).join(', ')}`,
        settleUntil: 0,
        healthyIsEnough: false,
      });
      if (held.kind === 'revert') return held;
      acceptDrift = true;
      enter(flow, 'confirm', `keeping it with the drift: ${held.why}`);
    }
  } catch (error) {
    return revert('internal-error', `could not confirm: ${problemOf(error).message}`);
  }
}

function pipelineWords({ exitCode, message }: { exitCode: number | null; message: string }): string {
  return `the pipeline failed${exitCode === null ? '' : ` with exit code ${exitCode}`}${message ? `: ${message}` : ''}`;
}
