/** What the server's log says around a change, where the host's own configuration allows it to be read. */
import type { AgentActivities } from '../domain/agent-steps.ts';
import type { AgentParts } from './agent-parts.ts';
import { checkCaller } from './caller.ts';

export function createTelling(parts: AgentParts): Pick<AgentActivities, 'logLines'> {
  return {
    async logLines(input) {
      checkCaller(parts, input);
      if (parts.config.observe?.serverLog === true) return parts.target.logLines(input);
      return { lines: [], more: 0, unread: "the agent's configuration does not allow it (observe.serverLog)." };
    },
  };
}
