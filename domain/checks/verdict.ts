/** The verdict: healthy, unhealthy or inconclusive, decided only here, from recorded samples. The caller passes the time. */
import type { CheckProgress, CheckSpec, Verdict } from '../check.ts';
import { comparedBy } from './compared.ts';

type Unhealthy = Extract<Verdict, { kind: 'unhealthy' }>;
type Inconclusive = Extract<Verdict, { kind: 'inconclusive' }>;

/** Denied that often in a row on fresh connections, nobody needs to wait for the failure threshold. */
const denialsThatDecide = 2;
/** Healthy needs that share of the samples that the soak should have had. */
const neededShare = 0.9;
/** A longer silence of the probe than that many intervals leaves the soak unproven. */
const longestGapIntervals = 3;
/** From the workflow's decision to watch to the first measurement, and back: Temporal's own time on a busy machine. */
const toBeginMs = 2_000;

/** While watching: the first verdict that ends the watch early, unhealthy before inconclusive; null: watch on. */
export function decideWhileWatching(
  checks: readonly CheckSpec[],
  progress: readonly CheckProgress[],
  ignore: readonly string[],
): Unhealthy | Inconclusive | null {
  const deciding = decisive(checks, ignore);
  const verdicts = deciding.map((check) => judge(check, progressOf(progress, check)));
  return (
    verdicts.find((verdict): verdict is Unhealthy => verdict?.kind === 'unhealthy') ??
    verdicts.find((verdict): verdict is Inconclusive => verdict?.kind === 'inconclusive') ??
    null
  );
}

export interface Soak {
  /** Unix ms. */
  readonly startedAt: number;
  readonly soakMs: number;
  readonly settleUntil: number;
  readonly now: number;
  readonly ignore: readonly string[];
  /**
   * Where every required check was red before the change, those that it has mended tell: else nobody could ever go back to
   * what worked. Default false.
   */
  readonly mendedTells?: boolean;
}

/** No required check was green before the change. */
export function allWereRed(checks: readonly CheckSpec[], ignore: readonly string[]): boolean {
  return decisive(checks, []).length > 0 && decisive(checks, ignore).length === 0;
}

/** At the end of a soak. Zero measurements are never healthy, nor is a soak with holes in it. */
export function decideSoak(checks: readonly CheckSpec[], progress: readonly CheckProgress[], soak: Soak): Verdict {
  const early = decideWhileWatching(checks, progress, soak.ignore);
  if (early) return early;
  const mended = soak.mendedTells === true && allWereRed(checks, soak.ignore);
  const deciding = decisive(checks, mended ? [] : soak.ignore);
  if (deciding.length === 0) return { kind: 'inconclusive', check: '', why: 'no required check could tell' };
  const unprovenOnes = deciding.flatMap((check): Inconclusive[] => {
    const why = unproven(check, progressOf(progress, check), soak);
    return why === null ? [] : [{ kind: 'inconclusive', check: check.name, why: `${check.name} ${why}` }];
  });
  // One that was red before, and still is, was never this change's to mend.
  if (mended && unprovenOnes.length < deciding.length) return { kind: 'healthy' };
  return unprovenOnes[0] ?? { kind: 'healthy' };
}

function judge(check: CheckSpec, own: CheckProgress | null): Unhealthy | Inconclusive | null {
  if (!own) return null;
  const failed = failedAs(check, own);
  if (failed) return check.onFail === 'hold' ? { ...failed, kind: 'inconclusive', failed: true } : failed;
  if (own.errorsInARow >= check.thresholds.errors)
    return {
      kind: 'inconclusive',
      check: check.name,
      why: `${check.name} could not be measured ${own.errorsInARow} times in a row${words(own)}`,
    };
  return null;
}

/** Whether it has crossed its own thresholds, whatever that brings. */
export function failedAs(check: CheckSpec, own: CheckProgress): Unhealthy | null {
  const { failures } = check.thresholds;
  const unhealthy = (how: string): Unhealthy => ({
    kind: 'unhealthy',
    check: check.name,
    dependent: check.dependent,
    why: `${check.name} ${how}${words(own)}`,
  });
  if (own.accessDenialsInARow >= denialsThatDecide)
    return unhealthy(`was denied access ${own.accessDenialsInARow} times in a row`);
  if (own.failsInARow >= failures) return unhealthy(`failed ${own.failsInARow} times in a row`);
  if (own.worse && worseForMs(own) >= (comparedBy(check)?.forMs ?? 0))
    return { kind: 'unhealthy', check: check.name, dependent: check.dependent, why: `${check.name} ${own.worse.why}` };
  return null;
}

/** null: proven healthy. */
function unproven(check: CheckSpec, own: CheckProgress | null, soak: Soak): string | null {
  if (!own || own.lastAt === null || own.firstAt === null) return 'was not measured';
  // Needed in a row at the end: what fails just now is not healthy, however often it passed before.
  const needed = Math.max(1, check.thresholds.successes);
  if (own.passesInARow < needed) return `has passed ${own.passesInARow} of ${needed} times at the end${words(own)}`;
  const taken = own.passes + own.fails + own.forgiven;
  const expected = Math.floor(soak.soakMs / check.intervalMs);
  if (taken < Math.floor(expected * neededShare)) return `has ${taken} of ${expected} measurements`;
  if (own.worse) return `${own.worse.why}; so far for ${seconds(worseForMs(own))}`;
  const rule = comparedBy(check);
  const values = own.values?.length ?? 0;
  if (rule !== null && values < rule.samples) return `has ${values} of ${rule.samples} numbers to compare with before`;
  if (hasGap(check, own)) return silent(own.longestGapMs);
  // Before the first and after the last sample. Two hosts' clocks are not compared, only how long each says it took.
  const aroundMs = soak.now - soak.startedAt - (own.lastAt + (own.last?.latencyMs ?? 0) - own.firstAt);
  // A measurement that hangs when the soak ends leaves no sample: that is silence too, however long its timeout.
  if (aroundMs > Math.max(longestGapIntervals * check.intervalMs, toBeginMs)) return silent(aroundMs);
  return null;
}

/** Nothing can be proven of a time in which nobody measured. */
export function hasGap(check: CheckSpec, own: CheckProgress): boolean {
  return own.longestGapMs > longestGapIntervals * check.intervalMs;
}

/** As far as it was measured: silence proves nothing. */
function worseForMs({ worse, lastAt }: CheckProgress): number {
  return worse === undefined || lastAt === null ? 0 : Math.max(0, lastAt - worse.at);
}

function silent(ms: number): string {
  return `was not measured for ${seconds(ms)}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Advisory checks are shown and never decide. */
function decisive(checks: readonly CheckSpec[], ignore: readonly string[]): CheckSpec[] {
  return checks.filter((check) => check.level === 'required' && !ignore.includes(check.name));
}

function progressOf(progress: readonly CheckProgress[], check: CheckSpec): CheckProgress | null {
  return progress.find((one) => one.check === check.name) ?? null;
}

function words({ last }: CheckProgress): string {
  if (last === null || last.mark === 'pass') return '';
  const said = [last.code, last.message].filter((part) => part !== null).join(' ');
  return said === '' ? '' : `: ${said}`;
}
