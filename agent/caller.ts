/** Who calls, and whether it may: the first thing that each step asks. */
import type { Caller, Closed, Reverting, Stale } from '../domain/agent-steps.ts';
import { namePattern } from '../domain/change.ts';
import { type Gate, type Journal, type RevertRecord, gate, reverting } from '../domain/journal.ts';
import { AgentError } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { closedAnswer, revertingAnswer, staleAnswer } from './answers.ts';
import { isOpenChange } from './state-folder.ts';

export type Write = (next: Journal) => Promise<void>;

/** Names become file names: what is not one is refused before it is looked at. */
export function checkCaller(parts: Pick<AgentParts, 'config'>, caller: Caller): void {
  const { target } = parts.config;
  if (caller.target !== target)
    throw invalid('wrong-target', `this agent guards ${target}, not "${String(caller.target)}"`);
  if (typeof caller.changeId !== 'string' || !namePattern.test(caller.changeId) || caller.changeId.length > 200)
    throw invalid('wrong-change-id', `change id ${JSON.stringify(caller.changeId)} is not of the form a-z, 0-9 and -`);
  if (typeof caller.runId !== 'string' || caller.runId === '') throw invalid('no-run-id', 'the call names no run id');
}

export function gateFor(parts: AgentParts, journal: Journal | null, caller: Caller): Gate {
  const open = isOpenChange(parts.state, journal) ? journal : null;
  return gate(open, parts.state.closed.read(caller.changeId), caller);
}

export type NotYours = Closed | Stale | Reverting;

/**
 * The door of every step after `arm`. A new run that finds `applying` cannot know what was written: it is reverted.
 * `open` answers with the journal that has the caller as its owner, written already.
 */
export async function enter(
  parts: AgentParts,
  caller: Caller,
  found: Journal | null,
  write: Write,
): Promise<{ readonly kind: 'open'; readonly journal: Journal } | NotYours> {
  const at = gateFor(parts, found, caller);
  switch (at.kind) {
    case 'closed':
      return closedAnswer(at.closed);
    case 'stale':
      return staleAnswer(at.journal);
    case 'free':
    case 'busy':
      throw notArmed(caller);
    case 'open': {
      if (at.takenOver && at.journal.phase === 'applying') {
        const journal = reverting(at.journal, takenOverWhileApplying(parts));
        await write(journal);
        parts.reverter.wake();
        return revertingAnswer(journal);
      }
      if (at.takenOver) await write(at.journal);
      return at.journal.phase === 'reverting' ? revertingAnswer(at.journal) : { kind: 'open', journal: at.journal };
    }
    default:
      return at satisfies never;
  }
}

function takenOverWhileApplying({ clock }: AgentParts): RevertRecord {
  return { reason: 'taken-over-while-applying', by: 'workflow', at: clock.now().wallMs, pipelineUnfinished: false };
}

function notArmed({ changeId, target }: Caller): AgentError {
  return new AgentError('NotOwner', {
    code: 'not-armed',
    message: `change ${changeId} is not armed on ${target}`,
    detail: 'Without a journal nothing is written.',
  });
}

function invalid(code: string, message: string): AgentError {
  return new AgentError('InvalidRequest', { code, message });
}
