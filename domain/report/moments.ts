/** When what happened, and how long each part took: detect, decide, revert, recover. */
import type { ChangeResult } from '../result.ts';

type Moments = ChangeResult['moments'];
export type MomentName = keyof Moments;

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
  restored: 'restored',
  recovered: 'recovered',
  closed: 'closed',
};

/** Those reached, oldest first; at the same instant in the order of the flow. */
export function momentsOf(moments: Moments): readonly Moment[] {
  const names = Object.keys(labels) as MomentName[];
  return names
    .flatMap((name) => {
      const at = moments[name];
      return at === null ? [] : [{ name, label: labels[name], at }];
    })
    .sort((a, b) => a.at - b.at);
}

export function spansOf(moments: Moments): Spans {
  const inForce = moments.applied ?? moments.armed;
  return {
    detectMs: between(inForce, moments.firstFailure),
    decideMs: between(moments.firstFailure, moments.decided),
    revertMs: between(moments.decided, moments.restored),
    recoverMs: between(moments.restored, moments.recovered),
    outageMs: between(moments.firstFailure, moments.recovered),
    totalMs: between(moments.started, moments.closed),
  };
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : to - from;
}
