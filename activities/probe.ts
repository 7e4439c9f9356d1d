/** The probe's activities: measure before, watch through the soak, and ask again after a revert. */
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { CheckProgress, CheckSpec, Sample, Verdict } from '../domain/check.ts';
import { baselineMs, isMeasured, pauseBeforeMs, redBefore } from '../domain/checks/baseline.ts';
import { type Board, openBoard } from '../domain/checks/board.ts';
import { isBack } from '../domain/checks/regression.ts';
import { isForgiven } from '../domain/checks/settle.ts';
import { openWatch } from '../domain/checks/watch.ts';
import type { ResolveSecret } from '../probes/http.ts';
import type { ProbeCommands } from '../probes/command.ts';
import { measure } from '../probes/measure.ts';
import { historyOf } from '../probes/prometheus.ts';
import { openSampleSpool, type RecordSamples } from '../probes/sample-spool.ts';
import { beat, spread } from '../probes/schedule.ts';
import { type Beginnings, beginningOf } from './beginnings.ts';
import type { ProbeActivities } from './contract.ts';
import { openLive, type TellWorkflow } from './live.ts';

/** The workflow's heartbeat timeout is 5 s, and a cancellation comes with the heartbeat's answer. */
const heartbeatMs = 2_000;
/** After a first denial the second measurement, which decides, does not wait for a whole interval. */
const afterDenialMs = 250;
/** A store that works takes the last samples meanwhile; one that is away is tried on in the background. */
const spoolCloseMs = 200;

interface Probe {
  readonly resolveSecret: ResolveSecret;
  readonly recordSamples: RecordSamples;
  /** Programs that checks may run here. Default: none. */
  readonly commands?: ProbeCommands;
  readonly beginnings?: Beginnings;
  /** Absent: nobody is shown how the checks stand while they are watched. */
  readonly tellWorkflow?: TellWorkflow;
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
  commands = {},
  beginnings,
  tellWorkflow,
}: Probe): ProbeActivities {
  const take = (check: CheckSpec): Promise<Sample> => measure(check, resolveSecret, commands);

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
              const marked = check.shadow === true ? { ...raw, shadow: true as const } : raw;
              const sample = isForgiven(raw, settleUntil) ? { ...marked, forgiven: true } : marked;
              spool.add(sample);
              board.add(sample, sample.at >= settleUntil);
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
    tryChecks: async ({ checks }) => Promise.all(checks.map(take)),

    async baseline({ checks, ...where }) {
      const { cancellationSignal } = Context.current();
      const board = openBoard(checks, []);
      const past = new Map<CheckSpec, readonly number[] | string>();
      const histories = checks.flatMap((check) =>
        check.kind === 'prometheus' && check.comparison !== null
          ? [[check, historyOf(check, resolveSecret, Date.now())] as const]
          : [],
      );
      const next = (check: CheckSpec): number | null =>
        isMeasured(check, board.of(check)) ? null : pauseBeforeMs(check);
      await Promise.all([
        measureAll(where, { checks, board, next, timeoutMs: baselineMs(checks) }),
        ...histories.map(async ([check, values]) => past.set(check, await values)),
      ]).finally(() => beginnings?.leave(beginningOf(where)));
      // Measured values of these are few and close together: what counts is the window.
      for (const [check, values] of past) board.remember(check, typeof values === 'string' ? [] : values);
      cancellationSignal.throwIfAborted();
      return {
        progress: board.all(),
        red: checks.flatMap((check) => redBefore(check, board.of(check), past.get(check))),
      };
    },

    async watch({ checks, settleUntil, progress, ignore, before, holding, enoughAfterMs, ...where }) {
      const context = Context.current();
      // A retry goes on where the last attempt stopped.
      const resumed = (context.info.heartbeatDetails as readonly CheckProgress[] | undefined) ?? progress;
      const board = openBoard(checks, resumed, before);
      const over = new AbortController();
      const terms = { settleUntil, ignore, holding, ...(enoughAfterMs === undefined ? {} : { enoughAfterMs }) };
      const judge = openWatch(checks, board, terms, Date.now());
      let verdict: Verdict | null = null;
      let decidedAt = 0;
      const decide = (): void => {
        const now = Date.now();
        verdict ??= judge(now);
        if (verdict === null || over.signal.aborted) return;
        decidedAt = now;
        over.abort();
      };
      const { workflowExecution } = context.info;
      const live = openLive(async (now) => workflowExecution && tellWorkflow?.({ ...workflowExecution }, now));
      const next = (check: CheckSpec): number => {
        decide();
        // A verdict brings the counters itself.
        if (verdict === null) live.seen(board.all());
        // Only the first: who decides nothing is not to be knocked at four times a second.
        const decidesSoon = check.level === 'required' && !ignore.includes(check.name);
        return decidesSoon && board.of(check).accessDenialsInARow === 1
          ? Math.min(afterDenialMs, check.intervalMs)
          : check.intervalMs;
      };
      // What was decided when the last attempt died is decided.
      decide();
      await measureAll(where, { checks, board, next, settleUntil, timeoutMs: null, over: over.signal });
      if (verdict === null && isInterrupted(context)) {
        context.heartbeat(board.all());
        context.cancellationSignal.throwIfAborted();
      }
      // Cancelled by the soak's timer: the counters are the answer, not an exception.
      return { verdict, progress: board.all(), decidedAt: decidedAt || Date.now() };
    },

    async recovery({ checks, timeoutMs, before = [], ...where }) {
      const { cancellationSignal } = Context.current();
      const board = openBoard(checks, []);
      const passes = (check: CheckSpec): boolean => {
        const own = board.of(check);
        const wanted = Math.max(1, Math.min(2, check.thresholds.successes));
        const values = before.find(({ check: name }) => name === check.name)?.values;
        return own.passesInARow >= wanted && (values === undefined || isBack(check, own, values, wanted));
      };
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
