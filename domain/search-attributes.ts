/** The search attributes that changes, notices and looks are found by, in the form that Temporal's SDK takes as keys. */

export const targetAttribute = { name: 'KnowngoodTarget', type: 'KEYWORD' } as const;
export const phaseAttribute = { name: 'KnowngoodPhase', type: 'KEYWORD' } as const;
export const outcomeAttribute = { name: 'KnowngoodOutcome', type: 'KEYWORD' } as const;
export const riskAttribute = { name: 'KnowngoodRisk', type: 'KEYWORD' } as const;

/** Registered before anything starts: a workflow that sets an unknown one is wedged for ever. */
export const searchAttributes = [targetAttribute, phaseAttribute, outcomeAttribute, riskAttribute].map(
  ({ name }) => name,
);
