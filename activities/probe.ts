/** The probe's activities: measure before, watch through the soak, and ask again after a revert. */
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { CheckProgress, CheckSpec, Sample, Verdict } from '../domain/check.ts';
import { anew, fold, noProgress } from '../domain/checks/progress.ts';
import { isForgiven } from '../domain/checks/settle.ts';
import { decideSoak, decideWhileWatching, hasGap } from '../domain/checks/verdict.ts';
import type { ResolveSecret } from '../probes/http.ts';
import { measure } from '../probes/measure.ts';
import { openSampleSpool, type RecordSamples } from '../probes/sample-spool.ts';
import { beat, spread } from '../probes/schedule.ts';
import { type Beginnings, beginningOf } from './beginnings.ts';
import type { ProbeActivities } from './contract.ts';

/** The workflow's heartbeat timeout is 5 s, and a cancellation comes with the heartbeat's answer. */
const heartbeatMs = 2_000;
/** After a first denial the second measurement, which decides, does not wait for a whole interval. */
const afterDenialMs = 250;
const baselineMs = 30_000;
/** A store that works takes the last samples meanwhile; one that is away is tried on in the background. */
const spoolCloseMs = 200;

interface Probe {
  readonly resolveSecret: ResolveSecret;
  readonly recordSamples: RecordSamples;
  readonly beginnings?: Beginnings;
  /** Says it to a workflow; absent: nobody hears of a beginning failure before it is decided. */
  readonly signalFailing?: (workflowId: string, progress: readonly CheckProgress[]) => Promise<void>;
}

type Where = { readonly target: string; readonly changeId: string };

interface Measuring {
  readonly checks: readonly CheckSpec[];
  readonly board: Board;
  /** As in a beat, after the sample was counted. */
  next(check: CheckSpec, sample: Sample): number | null;
  readonly settleUntil?: number;
  /** null: until it is over or cancelled. */
  readonly timeoutMs: number | null;
  /** Ends every check, and waits for nothing more. */
  readonly over?: AbortSignal;
}

export function createProbeActivities({
  resolveSecret,
  recordSamples,
  beginnings,
  signalFailing,
}: Probe): ProbeActivities {
  const take = (check: CheckSpec): Promise<Sample> => measure(check, resolveSecret);

  /** Measures until `next` ends every check, the time is over, or the activity is cancelled; heartbeats meanwhile. */
  async function measureAll(where: Where, { checks, board, next, settleUntil = 0, timeoutMs, over }: Measuring) {
    // Taken here: inside an abort listener or a timer there is no current context.
    const context = Context.current();
    const end = new AbortController();
    // One listener a check, and the default is to warn of more than ten.
    setMaxListeners(0, end.signal);
    const stop = (): void => end.abort();
    // Not AbortSignal.any and timeout: Node 20 may collect those while they are still waited for.
    const sources = [context.cancellationSignal, ...(over ? [over] : [])];
    for (const source of sources) source.addEventListener('abort', stop, { once: true });
    if (sources.some(({ aborted }) => aborted)) stop();
    const timeout = timeoutMs === null ? undefined : setTimeout(stop, timeoutMs);
    const timer = setInterval(() => context.heartbeat(board.all()), heartbeatMs);
    const spool = openSampleSpool(where, recordSamples);
    try {
      await Promise.all(
        checks.map((check, index) =>
          beat({
            check,
            measure: take,
            signal: end.signal,
            afterMs: spread(index, checks),
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
      clearTimeout(timeout);
      for (const source of sources) source.removeEventListener('abort', stop);
      const closed = spool.close(spoolCloseMs);
      // A revert waits for this answer.
      if (!over?.aborted) await closed;
    }
  }

  return {
    async baseline({ checks, ...where }) {
      const { cancellationSignal } = Context.current();
      const board = openBoard(checks, []);
      const next = (check: CheckSpec): number | null => {
        const own = board.of(check);
        const done =
          own.passesInARow >= check.thresholds.successes ||
          decideWhileWatching([{ ...check, level: 'required' }], [own], []);
        return done ? null : Math.min(check.intervalMs, 1_000);
      };
      await measureAll(where, { checks, board, next, timeoutMs: baselineMs }).finally(() =>
        beginnings?.leave(beginningOf(where)),
      );
      cancellationSignal.throwIfAborted();
      return { progress: board.all(), red: checks.flatMap((check) => redBefore(check, board.of(check))) };
    },

    async watch({ checks, settleUntil, progress, ignore, holding, enoughAfterMs, tellFailing, ...where }) {
      const context = Context.current();
      // A retry goes on where the last attempt stopped.
      const resumed = (context.info.heartbeatDetails as readonly CheckProgress[] | undefined) ?? progress;
      const board = openBoard(checks, resumed);
      const over = new AbortController();
      let verdict: Verdict | null = null;
      let decidedAt = 0;
      const decide = (): void => {
        const found = decideWhileWatching(checks, board.all(), ignore);
        if (verdict !== null || found === null || (found.kind !== 'unhealthy' && holding)) return;
        conclude(found);
      };
      const conclude = (found: Verdict): void => {
        verdict = found;
        decidedAt = Date.now();
        over.abort();
      };
      let since = Date.now();
      const isProven = (): boolean => {
        if (enoughAfterMs === undefined) return false;
        const now = Date.now();
        const soak = { startedAt: since, soakMs: now - since, settleUntil, now, ignore };
        if (soak.soakMs >= enoughAfterMs && decideSoak(checks, board.all(), soak).kind === 'healthy') return true;
        // A stretch that can prove nothing any more makes room for the next one.
        if (soak.soakMs >= 2 * enoughAfterMs || checks.some((check) => hasGap(check, board.of(check)))) {
          board.beginAnew();
          since = now;
        }
        return false;
      };
      const next = (check: CheckSpec): number => {
        decide();
        if (verdict === null && isProven()) conclude({ kind: 'healthy' });
        beginsToFail.look(check);
        // Only the first: who decides nothing is not to be knocked at four times a second.
        const decidesSoon = check.level === 'required' && !ignore.includes(check.name);
        return decidesSoon && board.of(check).accessDenialsInARow === 1
          ? Math.min(afterDenialMs, check.intervalMs)
          : check.intervalMs;
      };
      const beginsToFail = failureWatch({
        isFailing: (check) =>
          verdict === null &&
          board.of(check).failsInARow > 0 &&
          check.level === 'required' &&
          !ignore.includes(check.name),
        say: async () => {
          if (tellFailing !== undefined) await signalFailing?.(tellFailing, board.all());
        },
      });
      // What was decided when the last attempt died is decided.
      decide();
      await measureAll(where, { checks, board, next, settleUntil, timeoutMs: null, over: over.signal }).finally(() =>
        beginsToFail.stop(),
      );
      if (verdict === null && isInterrupted(context)) {
        context.heartbeat(board.all());
        context.cancellationSignal.throwIfAborted();
      }
      // Cancelled by the soak's timer: the counters are the answer, not an exception.
      return { verdict, progress: board.all(), decidedAt: decidedAt || Date.now() };
    },

    async recovery({ checks, timeoutMs, ...where }) {
      const { cancellationSignal } = Context.current();
      const board = openBoard(checks, []);
      const passes = (check: CheckSpec): boolean =>
        board.of(check).passesInARow >= Math.max(1, Math.min(2, check.thresholds.successes));
      const required = checks.filter((check) => check.level === 'required');
      // No measurement proves no recovery: where there are advisory checks alone, those are asked.
      const asked = required.length > 0 ? required : checks;
      const over = new AbortController();
      const next = (check: CheckSpec): number | null => {
        if (asked.every(passes)) over.abort();
        return passes(check) ? null : Math.min(check.intervalMs, 500);
      };
      await measureAll(where, { checks, board, next, timeoutMs, over: over.signal });
      cancellationSignal.throwIfAborted();
      const recovered = asked.every(passes);
      return { recovered, at: Date.now(), progress: board.all() };
    },
  };
}

/**
 * The worker shuts down, or somebody paused or reset the activity: the soak goes on, and so must the watch, elsewhere or
 * later. An answer now would end it, and nobody would look until the end of the soak.
 */
function isInterrupted({ cancellationDetails }: Context): boolean {
  return cancellationDetails !== undefined && !cancellationDetails.cancelRequested;
}

/** A denial is decided sooner: what is said in between would only be in the way of the revert. */
const beforeSayingMs = 1_000;

/** Says once that a check has begun to fail, when that stands for a moment and is not decided. */
function failureWatch({
  isFailing,
  say,
}: {
  readonly isFailing: (check: CheckSpec) => boolean;
  readonly say: () => Promise<void>;
}): { look(check: CheckSpec): void; stop(): void } {
  let said = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  return {
    look(check) {
      if (said || timer !== null || !isFailing(check)) return;
      timer = setTimeout(() => {
        timer = null;
        if (!isFailing(check)) return;
        said = true;
        // Temporal is away: people hear of it with the verdict.
        say().catch(() => undefined);
      }, beforeSayingMs);
    },
    stop: () => clearTimeout(timer ?? undefined),
  };
}

interface Board {
  add(sample: Sample): void;
  of(check: CheckSpec): CheckProgress;
  all(): readonly CheckProgress[];
  beginAnew(): void;
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
    beginAnew: () => {
      for (const [name, own] of progress) progress.set(name, anew(own));
    },
  };
}

/** Before the change "not yet proven healthy" is red: it could neither trigger nor mask a revert. */
function redBefore(check: CheckSpec, own: CheckProgress): Verdict[] {
  if (check.level !== 'required' || own.passesInARow >= check.thresholds.successes) return [];
  const verdict = decideWhileWatching([check], [own], []);
  const why = `${check.name} passed ${own.passesInARow} of ${check.thresholds.successes} times`;
  return [verdict ?? { kind: 'inconclusive', check: check.name, why }];
}
