/** When a watch tells its workflow how the checks stand, so that people see them live: by changes and seldom, never by samples. */
import type { CheckProgress } from '../check.ts';

/** The Signal. */
export const checksSeen = 'checksSeen';

/** `crossed`: it fails, has crossed its thresholds, and ends no watch by it. */
export type CheckState = 'unseen' | 'passing' | 'failing' | 'crossed' | 'unmeasurable';

type Shown = Pick<CheckProgress, 'last' | 'failsInARow' | 'errorsInARow' | 'worse' | 'crossed'>;

export function stateOf(progress: Shown): CheckState {
  if (progress.last === null) return 'unseen';
  if (progress.failsInARow > 0 || progress.worse !== undefined)
    return progress.crossed === undefined ? 'failing' : 'crossed';
  return progress.errorsInARow > 0 ? 'unmeasurable' : 'passing';
}

/** What was told last, and how often. */
export interface Told {
  readonly at: number;
  readonly changes: number;
  readonly states: Readonly<Record<string, CheckState>>;
}

/** A check that flaps all day would fill the workflow's history. */
const mostChanges = 50;
const pauseMs = 1_000;
const refreshMs = 900_000;

/** What to remember when it is to be told now; null: not now. `since`: when the watch began, Unix ms. */
export function toTell(
  told: Told | null,
  progress: readonly CheckProgress[],
  { since, now }: { readonly since: number; readonly now: number },
): Told | null {
  const states = Object.fromEntries(progress.map((own) => [own.check, stateToTell(own, told)]));
  if (told === null) {
    const all = Object.values(states);
    return progress.length > 0 && (all.includes('failing') || !all.includes('unseen'))
      ? { at: now, changes: 0, states }
      : null;
  }
  if (now - told.at < pauseMs) return null;
  const changed = Object.entries(states).some(([check, state]) => told.states[check] !== state);
  if (changed && told.changes < mostChanges) return { at: now, changes: told.changes + 1, states };
  // Each time after twice as long: each costs the history four events, of which a change has a hundred.
  return now - told.at >= Math.max(refreshMs, told.at - since) ? { ...told, at: now, states } : null;
}

/** A first denial is decided within a moment: what is said in between would only be in the way of the revert. */
function stateToTell(own: CheckProgress, told: Told | null): CheckState {
  return own.accessDenialsInARow === 1 ? (told?.states[own.check] ?? 'unseen') : stateOf(own);
}

/** A payload of more would be a bug; what fails comes first. */
const mostChecks = 60;

export function shownOf(progress: readonly CheckProgress[]): readonly CheckProgress[] {
  if (progress.length <= mostChecks) return progress.map(withoutValues);
  const weights = { crossed: 2, failing: 2, unmeasurable: 1, unseen: 1, passing: 0 } as const;
  const weight = (own: CheckProgress): number => weights[stateOf(own)];
  return [...progress]
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, mostChecks)
    .map(withoutValues);
}

/** They are for the comparison, not for people. */
function withoutValues(progress: CheckProgress): CheckProgress {
  if (progress.values === undefined) return progress;
  const { values, ...shown } = progress;
  return values.length === 0 ? progress : shown;
}

const counters = [
  'passes',
  'fails',
  'errors',
  'noData',
  'forgiven',
  'failsInARow',
  'errorsInARow',
] as const satisfies readonly (keyof CheckProgress)[];

/** What a Signal brought: any client may send one, and what is shown must not fail the workflow. */
export function parseSeen(input: unknown, known: readonly string[]): readonly CheckProgress[] {
  return Array.isArray(input) ? input.filter((entry): entry is CheckProgress => isProgress(entry, known)) : [];
}

function isProgress(entry: unknown, known: readonly string[]): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const own = entry as Record<string, unknown>;
  const { check, failingSince, lastAt, last, worse, crossed } = own;
  if (typeof check !== 'string' || !known.includes(check)) return false;
  return (
    counters.every((name) => isCount(own[name])) &&
    [failingSince, lastAt].every(isTime) &&
    isSample(last) &&
    [worse, crossed].every(isFinding)
  );
}

function isFinding(finding: unknown): boolean {
  if (finding === undefined) return true;
  const { at, why } = (finding ?? {}) as Record<string, unknown>;
  return typeof at === 'number' && typeof why === 'string';
}

function isSample(last: unknown): boolean {
  if (last === null) return true;
  if (typeof last !== 'object') return false;
  const { mark, latencyMs, class: kind, code, message } = last as Record<string, unknown>;
  return (
    typeof mark === 'string' &&
    ['pass', 'fail', 'error', 'no-data'].includes(mark) &&
    typeof latencyMs === 'number' &&
    [kind, code, message].every((word) => word === null || typeof word === 'string')
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value);
const isTime = (value: unknown): boolean => value === null || typeof value === 'number';
