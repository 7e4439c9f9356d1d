/** Stages 7 and 8: one long watch activity a probe location, against the soak's timer; pure rules decide. */
import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { Applied } from '../activities/contract.ts';
import { locationsOf, type AdmittedChange } from '../domain/admitted.ts';
import { type Attribution, type FailingCheck, attribute } from '../domain/access/attribution.ts';
import type { CheckProgress, Verdict, WatchResult } from '../domain/check.ts';
import { carriedOver } from '../domain/checks/progress.ts';
import { allWereRed, decideSoak, type Soak } from '../domain/checks/verdict.ts';
import { promise, revert } from './answers.ts';
import { heedBystanders, noteUnprovenShadows } from './bystanders.ts';
import { problemOf, type Ruling } from './ending.ts';
import { enter, note, show, type Flow } from './flow.ts';
import type { Operators } from './decisions.ts';
import { watcher } from './steps.ts';
import { tell } from './telling.ts';
import { untilDeadline } from './waiting.ts';

interface Window {
  readonly settleUntil: number;
  /** A hold waits for people anyway: only `unhealthy` ends its watch early. */
  readonly holding: boolean;
  /** Counters to go on with. */
  readonly from: readonly CheckProgress[];
  /** Of a hold that the dependents themselves can end; null: only its deadline or people do. */
  readonly enoughAfterMs: number | null;
}

type Seen =
  { readonly kind: 'verdict'; readonly verdict: Verdict } | { readonly kind: 'time' } | { readonly kind: 'stopped' };

export async function watchTheSoak(
  flow: Flow,
  operators: Operators,
  change: AdmittedChange,
  applied: Applied,
): Promise<Ruling> {
  const { policy } = change;
  const settleMs = applied.restarted ? policy.settleRestartMs : policy.settleReloadMs;
  const settleUntil = applied.acceptingAt + settleMs;
  const text = applied.restarted ? 'applied with a restart' : 'applied';
  const startedAt = Date.now();
  enter(flow, 'watch', `${text}; watching the dependents on fresh connections`, {
    inMs: settleMs + policy.soakMs,
    then: 'the change is kept if every required check is healthy',
  });
  // The checks start at once; the longer progress deadline is on its way to the agent meanwhile.
  const promised = promising(flow, settleMs + policy.soakMs + policy.holdTimeoutMs);
  flow.progress = [];
  const seen = await watch(
    flow,
    change,
    { settleUntil, holding: false, from: [], enoughAfterMs: null },
    () => stopped(operators) || promised.refused() !== null,
  );
  const early = promised.refused() ?? spoken(operators);
  if (early) return early;
  if (seen.kind === 'verdict' && seen.verdict.kind === 'unhealthy') return unhealthy(flow, seen.verdict);
  const soakMs = Date.now() - startedAt;
  const verdict = seen.kind === 'verdict' ? seen.verdict : judgeSoak(flow, change, { startedAt, soakMs, settleUntil });
  if (verdict.kind === 'unhealthy') return unhealthy(flow, verdict);
  if (verdict.kind === 'healthy' && !policy.requireConfirm)
    return { kind: 'keep', reason: 'soak-healthy', why: 'every required check was healthy through the whole soak' };
  return hold(flow, operators, change, {
    why: verdict.kind === 'healthy' ? 'healthy; waiting for an operator to confirm' : heldFor(verdict),
    settleUntil,
    healthyIsEnough: verdict.kind !== 'healthy' && !policy.requireConfirm,
  });
}

function judgeSoak(
  flow: Flow,
  change: AdmittedChange,
  stretch: Pick<Soak, 'startedAt' | 'soakMs' | 'settleUntil'>,
): Verdict {
  const soak = { ...stretch, now: Date.now(), ignore: flow.ignore, mendedTells: mendedTells(flow, change) };
  if (flow.phase === 'watch') noteUnprovenShadows(flow, soak);
  return decideSoak(change.checks, flow.progress, soak);
}

function heldFor({ why, failed }: Extract<Verdict, { kind: 'inconclusive' }>): string {
  return failed ? `${why}; for this check people decide` : `inconclusive: ${why}`;
}

/** Asked only where it matters: the histories of all other changes stay as they are. */
function mendedTells({ ignore }: Flow, { checks }: AdmittedChange): boolean {
  return allWereRed(checks, ignore) && patched('mended-tells');
}

/** Waits for a person, or for the dependents to show themselves healthy; the checks never stop meanwhile. */
export async function hold(
  flow: Flow,
  operators: Operators,
  change: AdmittedChange,
  { why, settleUntil, healthyIsEnough }: { why: string; settleUntil: number; healthyIsEnough: boolean },
): Promise<Ruling> {
  const { policy } = change;
  const forMs = healthyIsEnough ? policy.holdTimeoutMs : policy.approvalExpireMs;
  const silence = healthyIsEnough ? policy.onInconclusive : 'revert';
  enter(flow, 'hold', why, {
    inMs: forMs,
    then: silence === 'revert' ? 'the change is reverted' : 'the change is kept',
  });
  tell(flow, 'holding', { why });
  const startedAt = Date.now();
  const promised = promising(flow, forMs);
  operators.confirmed = null;
  const from = carriedOver(flow.progress);
  flow.progress = [];
  const seen = await watch(
    flow,
    change,
    { settleUntil, holding: true, from, enoughAfterMs: healthyIsEnough ? enoughAfter(change) : null },
    () => stopped(operators) || promised.refused() !== null,
  );
  const early = promised.refused() ?? spoken(operators);
  if (early) return early;
  if (seen.kind === 'verdict' && seen.verdict.kind === 'unhealthy') return unhealthy(flow, seen.verdict);
  if (!healthyIsEnough) return revert('not-confirmed', 'nobody confirmed the change in time');
  if (seen.kind === 'verdict' && seen.verdict.kind === 'healthy')
    return { kind: 'keep', reason: 'soak-healthy', why: 'healthy for long enough in the hold' };
  const soakMs = Date.now() - startedAt;
  const verdict = judgeSoak(flow, change, { startedAt, soakMs, settleUntil });
  if (verdict.kind === 'healthy')
    return { kind: 'keep', reason: 'soak-healthy', why: 'healthy through the whole hold' };
  if (verdict.kind === 'unhealthy') return unhealthy(flow, verdict);
  if (verdict.failed) {
    if (silence === 'revert') return unhealthy(flow, { ...verdict, why: `nobody decided, and ${verdict.why}` });
    flow.dependents = 'still-failing';
  }
  return silence === 'revert'
    ? revert('inconclusive', `still inconclusive: ${verdict.why}`)
    : {
        kind: 'keep',
        reason: 'held-and-kept',
        why: `${verdict.failed ? 'failing' : 'inconclusive'}, and the policy keeps such a change: ${verdict.why}`,
      };
}

/**
 * A dependent that fails now and then may fail just when a hold ends by the clock, and is healthy all the same. Of several
 * locations each knows its own checks only, and none can speak for the others.
 */
function enoughAfter(change: AdmittedChange): number | null {
  const { soakMs, holdTimeoutMs } = change.policy;
  return locationsOf(change).length === 1 ? Math.min(soakMs, holdTimeoutMs / 2) : null;
}

/** Runs every location's watch until one of them decides, the phase's deadline passes, or `stop` holds. */
async function watch(flow: Flow, change: AdmittedChange, window: Window, stop: () => boolean): Promise<Seen> {
  const scope = new CancellationScope();
  // Only of checks that are compared: the others' input stays as it was.
  const compared = flow.evidence.baseline.flatMap(({ check, values }) =>
    values === undefined ? [] : [{ check, values }],
  );
  flow.live = [];
  const counted: CheckProgress[] = [];
  let verdict: Verdict | null = null;
  let broken: unknown = null;
  const watchers = scope.run(() =>
    Promise.all(
      locationsOf(change).map(async (location) => {
        const checks = change.checks.filter((check) => check.location === location);
        const before = compared.filter(({ check }) => checks.some(({ name }) => name === check));
        const watchOn = (progress: readonly CheckProgress[]): Promise<WatchResult> =>
          watcher(location, `watch ${checks.length} check(s) from ${location}`).watch({
            target: change.target,
            changeId: change.changeId,
            checks,
            settleUntil: window.settleUntil,
            progress,
            ignore: flow.ignore,
            holding: window.holding,
            ...(before.length === 0 ? {} : { before }),
            ...(window.enoughAfterMs === null ? {} : { enoughAfterMs: window.enoughAfterMs }),
          });
        let result = await watchOn(window.from.filter(({ check }) => checks.some(({ name }) => name === check)));
        // A watch has no end of its own: one that ended all the same is started again while anything is awaited.
        while (result.verdict === null && !CancellationScope.current().consideredCancelled) {
          await sleep('1 second', { summary: 'then the watch is started again' });
          result = await watchOn(result.progress);
        }
        counted.push(...result.progress);
        // The probe's own moment: what the workflow takes to hear of it belongs to the time of the revert.
        if (result.verdict?.kind === 'unhealthy') flow.moments.decided ??= result.decidedAt;
        verdict = worse(verdict, result.verdict);
      }),
    ),
  );
  const ended = watchers.catch((error: unknown) => {
    if (!isCancellation(error)) broken = error;
  });
  const over = (): boolean => verdict !== null || broken !== null || stop();
  let inTime: boolean;
  try {
    inTime = await untilDeadline(flow, over, 'the deadline of this phase');
  } finally {
    // Who aborts or confirms does not wait for the probes to hear of it; who judges the soak needs their counters.
    scope.cancel();
  }
  if (!inTime) await ended;
  flow.progress = [...counted];
  flow.evidence.watch = flow.progress;
  heedBystanders(flow, flow.progress);
  show(flow);
  if (broken !== null) throw broken;
  if (verdict !== null) return { kind: 'verdict', verdict };
  return inTime ? { kind: 'stopped' } : { kind: 'time' };
}

function worse(one: Verdict | null, other: Verdict | null): Verdict | null {
  return other?.kind === 'unhealthy' || one === null ? (other ?? one) : one;
}

function unhealthy(flow: Flow, verdict: Pick<Extract<Verdict, { kind: 'unhealthy' }>, 'check' | 'why'>): Ruling {
  const red = flow.progress.find(({ check }) => check === verdict.check);
  flow.moments.firstFailure = red?.failingSince ?? red?.worse?.at ?? null;
  flow.attribution = explained(flow);
  for (const { sentences } of flow.attribution) for (const sentence of sentences) note(flow, sentence);
  return revert('check-failed', verdict.why);
}

/** The change as it was planned may know more than what was seen of it, and the other way round. */
function explained(flow: Flow): readonly Attribution[] {
  const failing = flow.progress.flatMap(({ check: name, last, failsInARow }): FailingCheck[] => {
    const check = flow.change?.checks.find((one) => one.name === name);
    // What a shadow finds decides nothing, not even what is taken back.
    if (check === undefined || check.shadow) return [];
    return last === null || failsInARow === 0 ? [] : [{ check, sample: last }];
  });
  for (const plan of [flow.seen, flow.plan]) {
    const found = plan === null ? [] : attribute(failing, plan);
    if (found.length > 0) return found;
  }
  return [];
}

/** An abort cancels the scope instead. */
function stopped(operators: Operators): boolean {
  return operators.confirmed !== null || operators.journalClosed;
}

function spoken(operators: Operators): Ruling | null {
  if (operators.journalClosed) return revert('contact-lost', 'the agent closed the change on its own');
  const { confirmed } = operators;
  if (!confirmed) return null;
  return {
    kind: 'keep',
    reason: 'confirmed-by-operator',
    why: `confirmed by ${confirmed.who}${confirmed.why ? `: ${confirmed.why}` : ''}`,
  };
}

/** The progress deadline is set beside the watch; a "no" of the agent, or none at all, ends the watch. */
function promising(flow: Flow, durationMs: number): { refused: () => Ruling | null } {
  let refused: Ruling | null = null;
  promise(flow, durationMs, true).then(
    (ruling) => (refused = ruling),
    (error: unknown) => {
      if (!isCancellation(error))
        refused = revert('internal-error', `the agent did not take the deadline: ${problemOf(error).message}`);
    },
  );
  return { refused: () => refused };
}
