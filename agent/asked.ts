/** Who is asked about when access is simulated: whom dependents declare, and whom the agent has seen. */
import type { Asked } from '../domain/access/impact.ts';
import { askedOf } from '../domain/access/observed-asked.ts';
import { rolesOf } from '../domain/access/roles.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { AgentParts } from './agent-parts.ts';
import { fromStore } from './from-store.ts';

/** Throws when the store is away: whom it knows must not be forgotten just then. */
export async function askedWith(
  parts: AgentParts,
  declared: readonly Asked[],
  snapshot: Snapshot | null,
): Promise<readonly Asked[]> {
  // What was seen last is asked about as well.
  await parts.observing.flush().catch(() => undefined);
  const observed = (await fromStore(parts, (store) => store.observed(parts.config.target))) ?? [];
  if (snapshot === null) return declared;
  const { roles, memberships } = snapshot.sections;
  return [...declared, ...askedOf(observed, rolesOf(roles, memberships), parts.clock.now().wallMs)];
}
