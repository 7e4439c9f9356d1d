/** Listens to the pipeline of an external change: it waits to be let in, works, and says how that went. */
import { CancellationScope, condition, patched, setHandler } from '@temporalio/workflow';
import { isProblem, parsePipelineWord } from '../domain/operator-input.ts';
import type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';
import type { Problem } from '../domain/problem.ts';
import type { Operators } from './decisions.ts';
import { note, type Flow } from './flow.ts';
import { possibleNow } from './possible.ts';
import { applied, awaitArmed, failed } from './messages.ts';
import { callerOf, progressMarginMs } from './caller.ts';
import { agent } from './steps.ts';
import { refusal } from './refusal.ts';

export function listenToPipeline(flow: Flow, operators: Operators): void {
  setHandler(
    awaitArmed,
    async () => {
      await condition(() => flow.phase === 'apply' || flow.outcome !== null || operators.pipeline !== null);
      if (patched('let-in-by-the-agent')) return letIn(flow);
      return flow.phase === 'apply' ? { armed: true as const } : ended(flow);
    },
    {
      description:
        'For pipelines: answers as soon as the change may begin, or tells how it ended instead. Argument: nothing.',
    },
  );
  const speak = (said: 'applied' | 'failed') => (word?: PipelineWord) => {
    const parsed = parsePipelineWord(word);
    const { exitCode, message } = isProblem(parsed) ? { exitCode: null, message: '' } : parsed;
    operators.pipeline = { said, exitCode, message };
    flow.pipelineSpoke = true;
    flow.commandExitCode = exitCode;
    note(flow, said === 'applied' ? 'the pipeline says: applied' : `the pipeline says: failed${exitWords(exitCode)}`);
    return `${said}: recorded`;
  };
  const validator =
    (said: 'applied' | 'failed') =>
    (word?: PipelineWord): void => {
      const parsed = parsePipelineWord(word);
      const refused = isProblem(parsed) ? parsed : refusePipeline(flow, operators, said);
      if (refused) throw refusal(refused);
    };
  setHandler(applied, speak('applied'), {
    validator: validator('applied'),
    description: 'For pipelines: the change has been made. Argument: nothing, or for example {"exitCode": 0}.',
  });
  setHandler(failed, speak('failed'), {
    validator: validator('failed'),
    description:
      'For pipelines: the change failed and nothing of it runs any more. Argument: nothing, or for example {"exitCode": 1, "message": "out of disk"}.',
  });
}

/**
 * Temporal may have been away for longer than the lease, and the agent may have ended the change meanwhile: only its own
 * "still armed", which renews the lease, lets a pipeline begin.
 */
function letIn(flow: Flow): Promise<ArmedAnswer> {
  return CancellationScope.nonCancellable(async () => {
    for (let tries = 0; flow.phase === 'apply';) {
      const { target } = flow.request;
      const asked = agent(target, `is the change of ${target} still armed`)
        .deadline({
          ...callerOf(flow),
          sequence: ++flow.sequence,
          durationMs: (flow.askedDeadlineAt ?? Date.now()) - Date.now() + progressMarginMs,
          watching: false,
        })
        // Nobody is let in without it; silence until the deadline is a revert.
        .catch(() => null);
      // An agent that is away must not hold up the end of a change that is decided.
      const answer = await Promise.race([asked, condition(() => flow.phase !== 'apply').then(() => null)]);
      if (flow.phase !== 'apply') break;
      if (answer?.kind === 'moved') return { armed: true, goodForMs: (flow.change?.policy.leaseMs ?? 0) / 2 };
      // An extension has overtaken it: asked again, as without an answer.
      if (answer !== null && answer.kind !== 'unmoved')
        return { armed: false, outcome: 'reverted', why: 'the agent has begun to revert it by itself' };
      const pauseMs = askAgainMs[Math.min(tries++, askAgainMs.length - 1)] ?? 30_000;
      await condition(() => flow.phase !== 'apply', pauseMs, { summary: 'then the agent is asked again' });
    }
    return ended(flow);
  });
}

/** Growing: what fails at once would fill the history in an hour. */
const askAgainMs = [1_000, 2_000, 5_000, 15_000, 30_000];

function ended({ outcome, why }: Flow): ArmedAnswer {
  return { armed: false, outcome: outcome ?? 'reverted', why };
}

function refusePipeline(flow: Flow, operators: Operators, said: 'applied' | 'failed'): Problem | null {
  if (flow.claims.changeKind !== 'external')
    return { code: 'not-external', message: `this change is made by the agent, nobody else says ${said}` };
  if (operators.pipeline)
    return { code: 'said-already', message: `the pipeline has said ${operators.pipeline.said} already` };
  if (!possibleNow(flow).includes(said))
    return {
      code: 'wrong-phase',
      message: `${said} has no effect in phase ${flow.phase}`,
      ...(flow.why ? { detail: `${flow.why}.` } : {}),
    };
  return null;
}

function exitWords(exitCode: number | null): string {
  return exitCode === null ? '' : ` (exit code ${exitCode})`;
}
