/** When what happened, and how long each part took: detect, decide, revert, verify. */
import type { ChangeResult } from '../result.ts';

/** The result's own moments, and those that only its timeline tells. */
export interface Times extends Moments {
  /** When the revert began. */
  readonly reverting?: number | null;
  /** When the dependents had been asked and had answered, whatever they said. */
  readonly verified?: number | null;
}

type Moments = ChangeResult['moments'];
export type MomentName = Exclude<keyof Times, 'verified'>;

export interface Moment {
  readonly name: MomentName;
  /** For people: `first failure`. */
  readonly label: string;
  /** Unix ms. */
  readonly at: number;
}

/** Every one in ms; null: one of its two ends was not reached, or they are not in this order. */
export interface Spans {
  /** In force → first failure. */
  readonly detectMs: number | null;
  /** First failure → decision. */
  readonly decideMs: number | null;
  /** Decision → proven on a new connection. */
  readonly revertMs: number | null;
  /** Proven → the dependents have been asked and have answered. */
  readonly verifyMs: number | null;
  /** Restored → dependents pass again. */
  readonly recoverMs: number | null;
  /** First failure → dependents pass again: what they felt. */
  readonly outageMs: number | null;
  /** Start → closed. */
  readonly totalMs: number | null;
}

const labels: Readonly<Record<MomentName, string>> = {
  started: 'started',
  armed: 'armed',
  applied: 'applied',
  firstFailure: 'first failure',
  decided: 'decided',
  reverting: 'revert began',
  restored: 'restored',
  recovered: 'recovered',
  closed: 'closed',
};

export function timesOf({ moments, timeline }: Pick<ChangeResult, 'moments' | 'timeline'>): Times {
  const entered = (phase: string, from: number): number | null =>
    timeline.find((entry) => entry.phase === phase && entry.at >= from)?.at ?? null;
  const { restored } = moments;
  const reverting = entered('revert', moments.started);
  // An agent that reverts by itself is done before the workflow hears of it: when it began nobody noted.
  const known = restored === null || reverting === null || reverting <= restored ? reverting : null;
  const asked = restored === null ? null : entered('verify', restored);
  return { ...moments, reverting: known, verified: asked === null ? null : entered('report', asked) };
}

/** Those reached, oldest first; at the same instant in the order of the flow. */
export function momentsOf(moments: Times): readonly Moment[] {
  const names = Object.keys(labels) as MomentName[];
  return names
    .flatMap((name) => {
      const at = moments[name] ?? null;
      return at === null ? [] : [{ name, label: labels[name], at }];
    })
    .sort((a, b) => a.at - b.at);
}

export function spansOf(moments: Times): Spans {
  const inForce = moments.applied ?? moments.armed;
  return {
    detectMs: between(inForce, moments.firstFailure),
    decideMs: between(moments.firstFailure, moments.decided),
    revertMs: between(moments.decided, moments.restored),
    verifyMs: between(moments.restored, moments.verified ?? null),
    recoverMs: between(moments.restored, moments.recovered),
    outageMs: between(moments.firstFailure, moments.recovered),
    totalMs: between(moments.started, moments.closed),
  };
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : to - from;
}
