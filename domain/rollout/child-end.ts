/** What of a change's result counts for its rollout. Pure. */
import type { ChangeResult } from '../result.ts';
import type { ChildEnd } from './state.ts';

export function childEnd({ outcome, reason, summary, dependents }: ChangeResult): ChildEnd {
  const red = reason === 'baseline-red' || reason === 'check-failed' || dependents === 'still-failing';
  return { outcome, reason, summary, red };
}
