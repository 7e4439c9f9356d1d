/** The probe's activities: measure before, watch through the soak, and ask again after a revert. */
import { Context } from '@temporalio/activity';
import type { CheckProgress, CheckSpec, Sample, Verdict } from '../domain/check.ts';
import { fold, noProgress } from '../domain/progress.ts';
import { isForgiven } from '../domain/settle.ts';
import { decideWhileWatching } from '../domain/verdict.ts';
import type { ResolveSecret } from '../probes/http.ts';
import { measure } from '../probes/measure.ts';
import { openSampleSpool, type RecordSamples } from '../probes/sample-spool.ts';
import { beat } from '../probes/schedule.ts';
import type { ProbeActivities } from './contract.ts';

/** The workflow's heartbeat timeout is 5 s, and a cancellation comes with the heartbeat's answer. */
const heartbeatMs = 2_000;
/** After a first denial the second measurement, which decides, does not wait for a whole interval. */
const afterDenialMs = 250;
const baselineMs = 30_000;
/** The store may be away: what was not sent by then is sent in the background. */
const spoolCloseMs = 1_000;

interface Probe {
  readonly resolveSecret: ResolveSecret;
  readonly recordSamples: RecordSamples;
}

type Where = { readonly target: string; readonly changeId: string };

export function createProbeActivities({ resolveSecret, recordSamples }: Probe): ProbeActivities {
  const take = (check: CheckSpec): Promise<Sample> => measure(check, resolveSecret);

  /** Measures until `next` ends every check, the time is over, or `signal` aborts; heartbeats meanwhile. */
  async function measureAll(
    where: Where,
    checks: readonly CheckSpec[],
    board: Board,
    next: (check: CheckSpec, sample: Sample) => number | null,
    signal: AbortSignal,
    settleUntil = 0,
  ): Promise<void> {
    // Taken here: inside an abort listener or a timer there is no current context.
    const context = Context.current();
    const spool = openSampleSpool(where, recordSamples);
    const timer = setInterval(() => context.heartbeat(board.all()), heartbeatMs);
    try {
      await Promise.all(
        checks.map((check) =>
          beat({
            check,
            measure: take,
            signal,
            next: (raw) => {
              const sample = isForgiven(raw, settleUntil) ? { ...raw, forgiven: true } : raw;
              spool.add(sample);
              board.add(sample);
              return next(check, sample);
            },
          }),
        ),
      );
    } finally {
      clearInterval(timer);
      await spool.close(spoolCloseMs);
    }
  }

  return {
    async baseline({ checks, ...where }) {
      const board = openBoard(checks, []);
      const next = (check: CheckSpec): number | null => {
        const own = board.of(check);
        const done =
          own.passesInARow >= check.thresholds.successes ||
          decideWhileWatching([{ ...check, level: 'required' }], [own], []);
        return done ? null : Math.min(check.intervalMs, 1_000);
      };
      await measureAll(
        where,
        checks,
        board,
        next,
        AbortSignal.any([AbortSignal.timeout(baselineMs), Context.current().cancellationSignal]),
      );
      Context.current().cancellationSignal.throwIfAborted();
      return { progress: board.all(), red: checks.flatMap((check) => redBefore(check, board.of(check))) };
    },

    async watch({ checks, settleUntil, progress, ignore, holding, ...where }) {
      const context = Context.current();
      // A retry goes on where the last attempt stopped.
      const resumed = (context.info.heartbeatDetails as readonly CheckProgress[] | undefined) ?? progress;
      const board = openBoard(checks, resumed);
      const decided = new AbortController();
      let verdict: Verdict | null = null;
      let decidedAt = 0;
      const next = (check: CheckSpec, sample: Sample): number => {
        const found = decideWhileWatching(checks, board.all(), ignore);
        if (verdict === null && found && (found.kind === 'unhealthy' || !holding)) {
          verdict = found;
          decidedAt = Date.now();
          decided.abort();
        }
        return sample.class === 'access' ? Math.min(afterDenialMs, check.intervalMs) : check.intervalMs;
      };
      const signal = AbortSignal.any([decided.signal, context.cancellationSignal]);
      await measureAll(where, checks, board, next, signal, settleUntil);
      // Cancelled by the soak's timer: the counters are the answer, not an exception.
      return { verdict, progress: board.all(), decidedAt: decidedAt || Date.now() };
    },

    async recovery({ checks, timeoutMs, ...where }) {
      const board = openBoard(checks, []);
      const needed = (check: CheckSpec): number => Math.min(2, check.thresholds.successes);
      const next = (check: CheckSpec): number | null =>
        board.of(check).passesInARow >= needed(check) ? null : Math.min(check.intervalMs, 500);
      await measureAll(
        where,
        checks,
        board,
        next,
        AbortSignal.any([AbortSignal.timeout(timeoutMs), Context.current().cancellationSignal]),
      );
      Context.current().cancellationSignal.throwIfAborted();
      const required = checks.filter((check) => check.level === 'required');
      const recovered = required.every((check) => board.of(check).passesInARow >= needed(check));
      return { recovered, at: Date.now(), progress: board.all() };
    },
  };
}

interface Board {
  add(sample: Sample): void;
  of(check: CheckSpec): CheckProgress;
  all(): readonly CheckProgress[];
}

function openBoard(checks: readonly CheckSpec[], from: readonly CheckProgress[]): Board {
  const progress = new Map(
    checks.map(({ name }) => [name, from.find(({ check }) => check === name) ?? noProgress(name)]),
  );
  const of = ({ name }: { readonly name: string }): CheckProgress => progress.get(name) ?? noProgress(name);
  return {
    add: (sample) => progress.set(sample.check, fold(of({ name: sample.check }), sample)),
    of,
    all: () => [...progress.values()],
  };
}

/** Before the change "not yet proven healthy" is red: it could neither trigger nor mask a revert. */
function redBefore(check: CheckSpec, own: CheckProgress): Verdict[] {
  if (check.level !== 'required' || own.passesInARow >= check.thresholds.successes) return [];
  const verdict = decideWhileWatching([check], [own], []);
  const why = `${check.name} passed ${own.passesInARow} of ${check.thresholds.successes} times`;
  return [verdict ?? { kind: 'inconclusive', check: check.name, why }];
}
