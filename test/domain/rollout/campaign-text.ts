/** What people would be shown of a state: it must be there in every one. */
import { rolloutDetails, rolloutView } from '../../../domain/rollout/details.ts';
import type { AdmittedRollout } from '../../../domain/rollout/rollout.ts';
import type { RolloutState } from '../../../domain/rollout/state.ts';

export function currentText(state: RolloutState, plan: AdmittedRollout): string {
  return rolloutDetails(rolloutView(state, plan, { rolloutId: 'r', outcome: null }));
}
