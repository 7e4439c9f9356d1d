/** The lists that an operator opens again and again, as list filters of the Temporal Web UI. Pure; the caller passes the time. */

export interface ListView {
  readonly name: string;
  readonly title: string;
  /** In the language of Temporal's list filters. */
  readonly query: string;
}

const weekMs = 7 * 24 * 3_600_000;

/** `target` null: of all of them. */
export function listViews(now: number, target: string | null): readonly ListView[] {
  const since = new Date(now - weekMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const all: readonly (readonly [string, string, string])[] = [
    ['waiting', 'waiting for approval', inPhase('approve')],
    ['in-force', 'in force and watched', inPhase('apply', 'watch', 'hold')],
    ['reverting', 'reverting', inPhase('revert', 'revert-incomplete', 'verify')],
    ['incomplete', 'revert incomplete', inPhase('revert-incomplete')],
    ['reverted-this-week', 'reverted this week', ended('reverted', since)],
    ['kept-this-week', 'kept this week', ended('kept', since)],
    ['nothing-touched-this-week', 'rejected or aborted this week', ended('rejected', since, 'aborted')],
    [
      'ringing',
      'people are called, or hear when it is over',
      'WorkflowType = "sendNotice" AND ExecutionStatus = "Running"',
    ],
    ['changes', 'all changes', 'WorkflowType = "guardedChange"'],
  ];
  // Of many targets.
  const fleet: typeof all = [
    ['rollouts', 'rollouts under way', 'WorkflowType = "rollout" AND ExecutionStatus = "Running"'],
    ['all-rollouts', 'all rollouts', 'WorkflowType = "rollout"'],
  ];
  const only = target === null ? '' : ` AND KnowngoodTarget = "${target}"`;
  return [...all, ...(target === null ? fleet : [])].map(([name, title, query]) => ({
    name,
    title,
    query: query + only,
  }));
}

/** The Web UI knows no relative time: a list of this week is a new link every day. */
export function listAddress(uiAddress: string, namespace: string, { query }: ListView): string {
  return `${uiAddress}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(query)}`;
}

function inPhase(...phases: readonly string[]): string {
  return `ExecutionStatus = "Running" AND ${oneOf('KnowngoodPhase', phases)}`;
}

function ended(outcome: string, since: string, ...others: readonly string[]): string {
  return `${oneOf('KnowngoodOutcome', [outcome, ...others])} AND CloseTime > "${since}"`;
}

function oneOf(attribute: string, values: readonly string[]): string {
  const [first] = values;
  return values.length === 1
    ? `${attribute} = "${first}"`
    : `${attribute} IN (${values.map((v) => `"${v}"`).join(', ')})`;
}
