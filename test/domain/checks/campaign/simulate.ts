/** One change, from the baseline to the end of its soak or hold, by the code that measures real ones; only time and samples are made up. */
import type { CheckProgress, CheckSpec, Sample } from '../../../../domain/check.ts';
import { baselineMs, isMeasured, pauseBeforeMs, redBefore } from '../../../../domain/checks/baseline.ts';
import { type Board, openBoard } from '../../../../domain/checks/board.ts';
import { isForgiven } from '../../../../domain/checks/settle.ts';
import { decideSoak } from '../../../../domain/checks/verdict.ts';
import { openWatch } from '../../../../domain/checks/watch.ts';
import { carriedOver } from '../../../../domain/checks/progress.ts';
import { aSample, noon } from '../../../probes/builders.ts';
import type { Signal } from './noise.ts';

export interface Simulated {
  readonly check: CheckSpec;
  /** The number of a measurement that begins then. */
  readonly signal: Signal;
  readonly settleMs: number;
  readonly soakMs: number;
  readonly holdMs: number;
  /** What Prometheus gave of the window before; absent: measured. */
  readonly past?: readonly number[];
}

export type Ending =
  | { readonly kind: 'kept' | 'red'; readonly why: string }
  | { readonly kind: 'reverted'; readonly atMs: number; readonly why: string }
  /** The soak could not tell, and people were asked. */
  | { readonly kind: 'held'; readonly then: 'kept' | 'reverted'; readonly why: string };

/** From the end of the baseline to the apply. */
const armingMs = 5_000;

export function simulate({ check, signal, settleMs, soakMs, holdMs, past }: Simulated): Ending {
  const measured = (atMs: number): Sample => {
    const value = signal(atMs / 1_000);
    const sample = aSample({ check: check.name, at: noon + atMs });
    return check.kind === 'prometheus' ? { ...sample, code: String(value) } : { ...sample, latencyMs: round(value) };
  };
  const baseline = openBoard([check], []);
  const pauseMs = pauseBeforeMs(check);
  const mostMs = baselineMs([check]);
  for (let atMs = 0; atMs < mostMs && !isMeasured(check, baseline.of(check)); atMs += pauseMs)
    baseline.add(measured(atMs - mostMs - armingMs), true);
  if (past !== undefined) baseline.remember(check, past);
  const [red] = redBefore(check, baseline.of(check), past);
  if (red !== undefined) return { kind: 'red', why: 'why' in red ? red.why : '' };
  const before = [{ check: check.name, values: baseline.of(check).values ?? [] }];
  const settleUntil = noon + settleMs;

  const watch = (beganMs: number, lastsMs: number, from: readonly CheckProgress[], enoughAfterMs?: number) => {
    const board = openBoard([check], from, before);
    const holding = enoughAfterMs !== undefined;
    const terms = { settleUntil, ignore: [], holding, ...(holding ? { enoughAfterMs } : {}) };
    const judge = openWatch([check], board, terms, noon + beganMs);
    for (let atMs = beganMs; atMs < beganMs + lastsMs; atMs += check.intervalMs) {
      const raw = measured(atMs);
      board.add(isForgiven(raw, settleUntil) ? { ...raw, forgiven: true } : raw, raw.at >= settleUntil);
      const verdict = judge(raw.at);
      if (verdict !== null) return { verdict, atMs, board };
    }
    const window = {
      startedAt: noon + beganMs,
      soakMs: lastsMs,
      settleUntil,
      now: noon + beganMs + lastsMs,
      ignore: [],
    };
    return { verdict: decideSoak([check], board.all(), window), atMs: beganMs + lastsMs, board } as Watched;
  };

  const soak = watch(0, settleMs + soakMs, []);
  if (soak.verdict.kind === 'unhealthy') return { kind: 'reverted', atMs: soak.atMs, why: soak.verdict.why };
  if (soak.verdict.kind === 'healthy') return { kind: 'kept', why: '' };
  const hold = watch(settleMs + soakMs, holdMs, carriedOver(soak.board.all()), Math.min(soakMs, holdMs / 2));
  return { kind: 'held', then: hold.verdict.kind === 'healthy' ? 'kept' : 'reverted', why: soak.verdict.why };
}

interface Watched {
  readonly verdict: ReturnType<typeof decideSoak>;
  readonly atMs: number;
  readonly board: Board;
}

/** As a probe rounds it. */
const round = (ms: number): number => Math.round(ms * 10) / 10;
