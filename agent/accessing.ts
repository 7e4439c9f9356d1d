/** Who gets in by the configuration as it is. Reads only, and binds nothing to a change. */
import type { AgentActivities } from '../domain/agent-steps.ts';
import type { AgentParts } from './agent-parts.ts';
import { refused } from './answers.ts';
import { askedWith } from './asked.ts';
import { checkCaller } from './caller.ts';
import { sqlSilent } from './preparing.ts';

export function createAccessing(parts: AgentParts): Pick<AgentActivities, 'access'> {
  return {
    async access(input) {
      checkCaller(parts, input);
      const captured = await parts.target.capture();
      const asked = input.withObserved ? await askedWith(parts, input.asked, captured.snapshot) : input.asked;
      const answers = parts.target.explain(captured, asked);
      return answers === null ? refused([sqlSilent(input.target)]) : { kind: 'answered', answers };
    },
  };
}
