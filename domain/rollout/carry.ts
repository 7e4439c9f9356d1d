/** What one run of a rollout hands to the next, made small: 400 targets must fit into one payload. Pure. */
import type { AdmittedRollout } from './rollout.ts';
import { type Entry, type RolloutState, openState } from './state.ts';

/** State, fault, red, the how-manieth, why, abort sent; name and wave follow from the plan. */
type Packed = readonly [Entry['state'], Entry['fault'], 0 | 1, number | null, string, 0 | 1];

export interface PackedState extends Omit<RolloutState, 'targets'> {
  /** A number: nothing is to be said but that it waits (-1), or that it was kept as the how-manieth. */
  readonly packed: readonly (Packed | number)[];
}

const waits = -1;

/** Those of later ones are in their own reports. */
const mostWhys = 60;

export function pack({ targets, ...rest }: RolloutState): PackedState {
  let whys = 0;
  const packed = targets.map((one): Packed | number => {
    const { state, fault, red, keptAs, why, abortSent } = one;
    if (state === 'waiting') return waits;
    if (state === 'kept' && keptAs !== null && fault === null && !red && !abortSent) return keptAs;
    const kept = why !== '' && ++whys > mostWhys ? '' : why;
    return [state, fault, red ? 1 : 0, keptAs, kept, abortSent ? 1 : 0];
  });
  return { ...rest, packed };
}

export function unpack({ packed, ...rest }: PackedState, plan: Pick<AdmittedRollout, 'waves'>): RolloutState {
  const targets = openState(plan).targets.map((blank, at): Entry => {
    const one = packed[at] ?? waits;
    if (typeof one === 'number') return one === waits ? blank : { ...blank, state: 'kept', keptAs: one };
    const [state, fault, red, keptAs, why, abortSent] = one;
    return { ...blank, state, fault, red: red === 1, keptAs, why, abortSent: abortSent === 1 };
  });
  return { ...rest, targets };
}
