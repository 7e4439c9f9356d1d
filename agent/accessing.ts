/** Who gets in by the configuration as it is. Reads only, and binds nothing to a change. */
import { setImmediate as turn } from 'node:timers/promises';
import { parseAsked } from '../domain/access/asked.schema.ts';
import type { AccessAnswer } from '../domain/access/explain.ts';
import type { Asked } from '../domain/access/impact.ts';
import { mergeAsked } from '../domain/access/merge-asked.ts';
import type { AgentActivities } from '../domain/agent-steps.ts';
import type { Problem } from '../domain/problem.ts';
import type { AgentParts } from './agent-parts.ts';
import { refused } from './answers.ts';
import { askedWith } from './asked.ts';
import { checkCaller } from './caller.ts';
import { sqlSilent } from './preparing.ts';

export function createAccessing(parts: AgentParts): Pick<AgentActivities, 'access'> {
  return {
    async access(input) {
      checkCaller(parts, input);
      const given = parseAsked(input.asked);
      if (given === null) return refused([badAsked]);
      const captured = await parts.target.capture();
      const asked = mergeAsked(input.withObserved ? await askedWith(parts, given, captured.snapshot) : given);
      const explain = parts.target.explain(captured);
      if (explain === null) return refused([sqlSilent(input.target)]);
      const answers = await answersOf(asked, explain);
      return { kind: 'answered', answers, more: asked.length - answers.length };
    },
  };
}

/** Temporal takes 2 MB, and people read less. */
const mostBytes = 1_000_000;

/** The lease is kept by the same process. */
const mostAtOnceMs = 20;

async function answersOf(
  asked: readonly Asked[],
  explain: (asked: Asked) => AccessAnswer,
): Promise<readonly AccessAnswer[]> {
  const answers: AccessAnswer[] = [];
  let sizeBytes = 0;
  let startedAt = performance.now();
  for (const one of asked) {
    const answer = explain(one);
    sizeBytes += Buffer.byteLength(JSON.stringify(answer));
    if (sizeBytes > mostBytes) break;
    answers.push(answer);
    if (performance.now() - startedAt < mostAtOnceMs) continue;
    await turn();
    startedAt = performance.now();
  }
  return answers;
}

const badAsked: Problem = {
  code: 'invalid-value',
  message: 'asked: is not a list of who is asked about',
  hint: 'Let "knowngood access explain" make it.',
};
