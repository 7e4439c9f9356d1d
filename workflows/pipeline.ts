/** Listens to the pipeline of an external change: it waits to be let in, works, and says how that went. */
import { condition, setHandler } from '@temporalio/workflow';
import { isProblem, parsePipelineWord } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import type { Operators } from './decisions.ts';
import { note, possibleNow, type Flow } from './flow.ts';
import { applied, awaitArmed, failed, type PipelineWord } from './messages.ts';

export function listenToPipeline(flow: Flow, operators: Operators): void {
  setHandler(
    awaitArmed,
    async () => {
      await condition(() => flow.phase === 'apply' || flow.outcome !== null || operators.pipeline !== null);
      if (flow.phase === 'apply') return { armed: true as const };
      return { armed: false as const, outcome: flow.outcome ?? 'reverted', why: flow.why };
    },
    { description: 'For pipelines: answers as soon as the change may begin, or tells how it ended instead.' },
  );
  const speak = (said: 'applied' | 'failed') => (word?: PipelineWord) => {
    const parsed = parsePipelineWord(word);
    const { exitCode, message } = isProblem(parsed) ? { exitCode: null, message: '' } : parsed;
    operators.pipeline = { said, exitCode, message };
    flow.commandExitCode = exitCode;
    note(flow, said === 'applied' ? 'the pipeline says: applied' : `the pipeline says: failed${exitWords(exitCode)}`);
    return `${said}: recorded`;
  };
  const validator =
    (said: 'applied' | 'failed') =>
    (word?: PipelineWord): void => {
      const parsed = parsePipelineWord(word);
      const refused = isProblem(parsed) ? parsed : refusePipeline(flow, operators, said);
      if (refused) throw new Error(inWords(refused));
    };
  setHandler(applied, speak('applied'), {
    validator: validator('applied'),
    description: 'For pipelines: the change has been made. Argument: {"exitCode": 0}.',
  });
  setHandler(failed, speak('failed'), {
    validator: validator('failed'),
    description: 'For pipelines: the change failed and nothing of it runs any more. Argument: {"exitCode": 1}.',
  });
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
