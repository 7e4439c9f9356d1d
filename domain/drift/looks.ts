/** Looks that fail: whether a target drifts is not known then, and that must not stay unsaid. Pure. */
import { dateTimeText, durationText } from '../format.ts';
import { asFact, asHeadline, type Notice } from '../notify/notice.ts';
import { inWords, type Problem } from '../problem.ts';
import type { Told } from './notice.ts';

/** Unix ms. */
export interface Looks {
  /** The first one that failed since the last that did not; null: they do not fail. */
  readonly failingSince: number | null;
  /** When people heard of it last; null: nobody has, or all know that it is over. */
  readonly toldAt: number | null;
}

export type LooksTelling = 'failing' | 'again';

const patienceMs = 3_600_000;
const againEveryMs = 24 * 3_600_000;

/** null: people know. */
export function looksTelling({ failingSince, toldAt }: Looks, now: number): LooksTelling | null {
  if (failingSince === null) return toldAt === null ? null : 'again';
  const isDue = toldAt === null ? now - failingSince >= patienceMs : now - toldAt >= againEveryMs;
  return isDue ? 'failing' : null;
}

/** An open change is watched by itself, and a target that was never accepted has nothing to be compared with. */
const expected: ReadonlySet<string> = new Set(['target-busy', 'no-known-good', 'unknown-target', 'InvalidRequest']);

export function isFailedLook([problem]: readonly Problem[]): boolean {
  return problem === undefined || !expected.has(problem.code);
}

/** `now`: Unix ms. `problems`: why this look failed. */
export function looksNotice(
  target: string,
  {
    telling,
    since,
    now,
    problems,
  }: {
    readonly telling: LooksTelling;
    readonly since: number;
    readonly now: number;
    readonly problems: readonly Problem[];
  },
  told: Told,
): Notice {
  const [first] = problems;
  const why = first === undefined ? 'nobody could look' : first.message;
  const isAgain = telling === 'again';
  const headline = isAgain
    ? `${target} is looked at for drift again`
    : `nobody has looked at ${target} for drift for ${durationText(now - since)}: ${why}`;
  return {
    kind: 'drift-unknown',
    key: `drift-looks:${target}:${since}:${isAgain ? 'again' : Math.floor((now - since) / againEveryMs)}`,
    severity: 'warning',
    target,
    changeId: null,
    ...told,
    at: isAgain ? now : since,
    headline: asHeadline(headline),
    facts: isAgain
      ? []
      : [
          ...problems.slice(0, 5).map((problem) => asFact(inWords(problem))),
          `since ${dateTimeText(since)}: what has changed on it meanwhile is not known`,
        ],
    actions: isAgain ? [] : ['knowngood doctor', `knowngood drift ${target}`],
    dependents: [],
    ends: isAgain,
    matter: `drift-looks:${target}`,
  };
}
