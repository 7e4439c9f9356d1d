/** Who is asked about when access is simulated: whom dependents declare, and whom the agent has seen. */
import type { Asked } from '../domain/access/impact.ts';
import type { AgentParts } from './agent-parts.ts';

export async function askedWith(_parts: AgentParts, declared: readonly Asked[]): Promise<readonly Asked[]> {
  return declared;
}
