/** Where a guarded change is, and how it can end. The order below is the order of the flow. */

export const phases = [
  'snapshot',
  'baseline',
  'preflight',
  'approve',
  'arm',
  'apply',
  'watch',
  'hold',
  'confirm',
  'revert',
  'revert-incomplete',
  'verify',
  'report',
  'closed',
] as const;

export type Phase = (typeof phases)[number];

/** Whether something may have been written when a change is in this phase. */
export function isTouched(phase: Phase): boolean {
  return phases.indexOf(phase) >= phases.indexOf('apply');
}

/** `rejected` and `aborted`: nothing was touched. `abandoned`: a person took over from an incomplete revert. */
export type Outcome = 'kept' | 'reverted' | 'rejected' | 'aborted' | 'abandoned';

export function wasTouched(outcome: Outcome): boolean {
  return outcome !== 'rejected' && outcome !== 'aborted';
}

/** The journal's own phase, on the target: what the agent knows without Temporal. The last three are final. */
export type JournalPhase = 'armed' | 'applying' | 'applied' | 'reverting' | 'reverted' | 'confirmed' | 'abandoned';

/** What a plan item does to running sessions, least to most. */
export const effects = ['none', 'reload', 'reconnect', 'restart'] as const;
export type Effect = (typeof effects)[number];

/** `refused`: it is not carried out. */
export type Risk = 'low' | 'high' | 'refused';
