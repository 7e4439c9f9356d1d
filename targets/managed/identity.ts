/** Whether this is still the cluster whose configuration was taken. Another leader or timeline is a failover, and no other cluster. */
import type { Problem } from '../../domain/problem.ts';
import { TargetError } from '../postgres/target-error.ts';
import type { Captured, ServerIdentity } from '../target.ts';
import type { Owned } from './owner.ts';

const hint = 'Nothing was written. Give the change up with "knowngood rescue --abandon" once you know why.';

/** By what the owner says; throws. */
export function checkOwned({ scope, systemIdentifier }: Owned, facts: ServerIdentity): void {
  const problem = between(facts, {
    dataDirectory: scope,
    systemIdentifier: systemIdentifier ?? facts.systemIdentifier,
  });
  if (problem !== null) throw new TargetError('NotApplied', [problem]);
}

/** null: the same cluster. */
export function otherCluster({ facts }: Captured, { facts: now }: Captured): Problem | null {
  return between(facts, now);
}

function between(facts: ServerIdentity, now: ServerIdentity): Problem | null {
  if (facts.systemIdentifier === now.systemIdentifier && facts.dataDirectory === now.dataDirectory) return null;
  return {
    code: 'other-server',
    message: 'this is another cluster than the one that was changed',
    detail: `It was ${facts.dataDirectory} with system identifier ${facts.systemIdentifier}, now ${now.dataDirectory} with ${now.systemIdentifier}.`,
    hint,
  };
}
