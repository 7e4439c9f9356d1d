/** The agent's steps as activities: errors become failures that carry their Problem; long steps heartbeat. */
import { Context } from '@temporalio/activity';
import type { Agent } from '../agent/agent.ts';
import { AgentError } from '../agent/agent-error.ts';
import type { FailureName } from '../domain/failures.ts';
import type { MeasureCheck } from '../domain/proof.ts';
import { measure } from '../probes/measure.ts';
import { failures } from '../domain/failures.ts';
import type { Say } from '../targets/target.ts';
import type { AgentActivities } from './contract.ts';
import { explained, failure } from './failure.ts';

/** Cancellation and loss come with the heartbeat's answer; the workflow gives up after 15 s without one. */
const heartbeatMs = 2_000;

export function createAgentActivities(agent: Agent): AgentActivities {
  return {
    ping: (input) => named(() => agent.ping(input)),
    snapshot: (input) => named(() => agent.snapshot(input)),
    access: (input) => named(() => agent.access(input)),
    drift: (input) => named(() => agent.drift(input)),
    plan: (input) => named(() => agent.plan(input)),
    rehearse: (input) => named(() => heartbeating(() => agent.rehearse(input))),
    proveChecks: (input) => named(() => heartbeating(() => agent.proveChecks(input, measureHere))),
    arm: (input) => named(() => agent.arm(input)),
    apply: (input) => named(() => heartbeating((say) => agent.apply(input, say))),
    captureApplied: (input) => named(() => heartbeating(() => agent.captureApplied(input))),
    deadline: (input) => named(() => agent.deadline(input)),
    confirm: (input) => named(() => agent.confirm(input)),
    revert: (input) => named(() => heartbeating((say) => agent.revert(input, say))),
    revertItems: (input) => named(() => heartbeating((say) => agent.revertItems(input, say))),
    abandon: (input) => named(() => agent.abandon(input)),
    logLines: (input) => named(() => agent.logLines(input)),
  };
}

/** The checks' own probe; the only secret that it is given is the scratch server's. */
const measureHere: MeasureCheck = (check, password) => measure(check, () => Promise.resolve(password));

/** Errors know their own name; what nobody foresaw is an error of the agent, and worth another try. */
async function named<Output>(work: () => Promise<Output>): Promise<Output> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AgentError) throw failure(error.failure, error.problem);
    return explained(nameOf(error), () => Promise.reject(error as Error));
  }
}

function nameOf(error: unknown): FailureName {
  const name = error instanceof Error && 'failure' in error ? error.failure : null;
  return typeof name === 'string' && name in failures ? (name as FailureName) : 'AgentInternal';
}

/**
 * A cancelled step answers at once and the agent goes on: an apply ends at its next fence when the revert begins, a
 * revert ends in any case. An agent that is stopped waits for the step instead: cut off, it would have to be reverted.
 */
async function heartbeating<Output>(work: (say: Say) => Promise<Output>): Promise<Output> {
  // Taken here: `Context.current()` in a timer or an abort listener runs outside of the activity.
  const context = Context.current();
  let line = '';
  const timer = setInterval(() => context.heartbeat(line), heartbeatMs);
  try {
    const step = work((said) => (line = said));
    step.catch(() => undefined);
    return await Promise.race([step, givenUp(context)]);
  } finally {
    clearInterval(timer);
  }
}

/** Rejects when nobody waits for the answer any more. */
function givenUp(context: Context): Promise<never> {
  return context.cancelled.catch((error: unknown) => {
    if (context.cancellationDetails?.workerShutdown) return new Promise<never>(() => undefined);
    throw error;
  });
}
