/** What one run of a rollout hands to the next, made small: 400 targets must fit into one payload. Pure. */
import type { AdmittedRollout } from './rollout.ts';
import { type Entry, type RolloutState, openState } from './state.ts';

/** State, fault, red, S, the how-manieth, why, abort sent; name and wave follow from the plan. */
type Packed = readonly [Entry['state'], Entry['fault'], 0 | 1, string | null, number | null, string, 0 | 1];

export interface PackedState extends Omit<RolloutState, 'targets'> {
  readonly packed: readonly (Packed | 0)[];
}

/** Those of later ones are in their own reports. */
const mostWhys = 60;

export function pack({ targets, ...rest }: RolloutState): PackedState {
  let whys = 0;
  const packed = targets.map((one): Packed | 0 => {
    const { state, fault, red, before, keptAs, why, abortSent } = one;
    if (state === 'waiting') return 0;
    const kept = why !== '' && ++whys > mostWhys ? '' : why;
    return [state, fault, red ? 1 : 0, before, keptAs, kept, abortSent ? 1 : 0];
  });
  return { ...rest, packed };
}

export function unpack({ packed, ...rest }: PackedState, plan: Pick<AdmittedRollout, 'waves'>): RolloutState {
  const targets = openState(plan).targets.map((blank, at): Entry => {
    const one = packed[at] ?? 0;
    if (one === 0) return blank;
    const [state, fault, red, before, keptAs, why, abortSent] = one;
    return { ...blank, state, fault, red: red === 1, before, keptAs, why, abortSent: abortSent === 1 };
  });
  return { ...rest, targets };
}
