/** A rollout to bend one thing of. */
import type { AdmittedRollout } from '../../../domain/rollout/rollout.ts';
import type { ChildEnd } from '../../../domain/rollout/state.ts';

export function aPlan(bent: Partial<AdmittedRollout> = {}): AdmittedRollout {
  return {
    waves: [['a'], ['b', 'c'], ['d']],
    concurrency: 2,
    pauseMs: 0,
    budget: { reverts: 0, failures: 0, redDependents: 0 },
    onHalt: 'undo',
    askMs: 60_000,
    requestedBy: 'kim',
    reason: '',
    notify: null,
    ...bent,
  };
}

export function anEnd(bent: Partial<ChildEnd> = {}): ChildEnd {
  return { outcome: 'kept', reason: 'soak-healthy', summary: 'kept', red: false, ...bent };
}

export const reverted = anEnd({
  outcome: 'reverted',
  reason: 'check-failed',
  summary: 'reverted: images fails',
  red: true,
});
export const refused = anEnd({ outcome: 'rejected', reason: 'target-busy', summary: 'target has an open change' });
