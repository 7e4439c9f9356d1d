/** The agent's answers read as endings and rulings: the journal is the arbiter, whatever the workflow thought. */
import type { Closed, Reverting, Stale } from '../activities/contract.ts';
import type { End, Ruling } from './ending.ts';
import type { Flow } from './flow.ts';
import { callerOf, progressMarginMs } from './caller.ts';
import { agent } from './steps.ts';

export function endOf(closed: Closed): End {
  const outcome = closed.phase === 'confirmed' ? 'kept' : closed.phase;
  return {
    outcome,
    reason: closed.reason,
    summary: `the change was ${outcome} already, by ${closed.by}; nothing was written`,
    problems: [],
  };
}

/** The agent is ahead of the workflow: whatever it says, the revert step fetches the final answer. */
export function notApplied(
  answer:
    Closed | Stale | Reverting | { kind: 'failed'; problems: readonly { message: string }[]; exitCode: number | null },
  exited?: (code: number | null) => void,
): Ruling {
  switch (answer.kind) {
    case 'failed':
      exited?.(answer.exitCode);
      return revert('apply-failed', answer.problems[0]?.message ?? 'the change could not be applied');
    case 'closed':
      return selfReverted(answer);
    case 'reverting':
      return revert(answer.reason, 'the agent is reverting on its own');
    case 'stale':
      return revert('internal-error', `another run owns the change in phase ${answer.phase}`);
    default:
      return answer satisfies never;
  }
}

export function selfReverted(closed: Closed): Ruling {
  return revert(closed.reason, `closed by ${closed.by}`);
}

export function revert(reason: Ruling['reason'], why: string): Ruling {
  return { kind: 'revert', reason, why };
}

/** Tells the agent how long the coming phase may take; without its answer nothing goes on. */
export async function promise(flow: Flow, durationMs: number, watching: boolean): Promise<Ruling | null> {
  const answer = await agent(flow.request.target, 'set the progress deadline').deadline({
    ...callerOf(flow),
    sequence: ++flow.sequence,
    durationMs: durationMs + progressMarginMs,
    watching,
  });
  return 'reason' in answer || 'owner' in answer ? notApplied(answer) : null;
}
