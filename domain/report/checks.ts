/** Each check of a report: how it stood before, while the change was in force, and after. */
import type { CheckProgress, CheckSpec, Finding, Sample } from '../check.ts';
import { isBack } from '../checks/regression.ts';
import type { ReportInput } from './input.ts';
import { thin } from './series.ts';

export interface Stretch {
  readonly measured: number;
  readonly passes: number;
  readonly fails: number;
  /** The probe's own errors, and measurements that say nothing. */
  readonly unmeasurable: number;
  /** Failures that settling forgave. */
  readonly forgiven: number;
  /** Of the passes; null without one, or when only counters are known. */
  readonly medianMs: number | null;
}

export interface CheckReport {
  readonly name: string;
  readonly dependent: string;
  readonly team: string | null;
  readonly level: CheckSpec['level'];
  /** As the check has it; absent: revert of a required one, nothing of an advisory one. */
  readonly onFail?: 'hold' | 'notify';
  /** It was only recorded. */
  readonly shadow?: true;
  /** `new sql connection as image_svc to shop`: what is measured, without secrets. */
  readonly measures: string;
  /** null: not measured in that stretch. */
  readonly before: Stretch | null;
  readonly during: Stretch | null;
  readonly after: Stretch | null;
  /** The first counted failure while the change was in force. */
  readonly firstFailure: Sample | null;
  /** While the change was in force its numbers got worse than before it; null: they did not, or are not compared. */
  readonly worse: Finding | null;
  /** When a check that never ends a watch would have; null: never, or it is none. */
  readonly crossed: Finding | null;
  readonly state: 'unaffected' | 'recovered' | 'still-failing' | 'failed' | 'not-measured';
  /** Oldest first, thinned for long soaks: `measured` tells how many there were. */
  readonly series: readonly Sample[];
  readonly measured: number;
}

export function checkReportsOf({ change, result, details, samples }: ReportInput): readonly CheckReport[] {
  const { armed, applied, restored } = result.moments;
  const from = armed ?? applied ?? Number.POSITIVE_INFINITY;
  const until = restored ?? Number.POSITIVE_INFINITY;
  return change.checks.map((spec) => {
    const own = samples.filter(({ check }) => check === spec.name).sort((a, b) => a.at - b.at);
    const during = own.filter(({ at }) => at >= from && at < until);
    const afterwards = own.filter(({ at }) => at >= from && at >= until);
    const report = {
      name: spec.name,
      dependent: spec.dependent,
      team: spec.team,
      level: spec.level,
      ...(spec.onFail === undefined ? {} : { onFail: spec.onFail }),
      ...(spec.shadow === undefined ? {} : { shadow: spec.shadow }),
      measures: measuresOf(spec),
      before: stretchOf(
        own.filter(({ at }) => at < from),
        progressOf(details.baseline, spec),
      ),
      during: stretchOf(during, progressOf(details.watch, spec)),
      after: stretchOf(afterwards, progressOf(details.recovery, spec)),
      firstFailure: firstFailureOf(during) ?? failureOf(progressOf(details.watch, spec)),
      worse: progressOf(details.watch, spec)?.worse ?? null,
      crossed: details.crossed?.find(({ check }) => check === spec.name) ?? null,
      series: thin(own),
      measured: own.length,
    };
    const kept = restored === null ? (during.at(-1) ?? progressOf(details.watch, spec)?.last ?? null) : null;
    const last = afterwards.at(-1) ?? progressOf(details.recovery, spec)?.last ?? kept;
    return { ...report, state: isOnlyWorse(report) ? stateOfWorse(spec, details) : stateOf(report, last) };
  });
}

export const isOnlyWorse = ({ worse, during }: Pick<CheckReport, 'worse' | 'during'>): boolean =>
  worse !== null && (during?.fails ?? 0) === 0;

/** That its measurements pass says nothing of their numbers. */
function stateOfWorse(spec: CheckSpec, { baseline, recovery }: ReportInput['details']): CheckReport['state'] {
  const before = progressOf(baseline, spec)?.values;
  const after = progressOf(recovery, spec);
  if (before === undefined || after === null || after.passes === 0) return 'failed';
  if (isBack(spec, after, before, 1)) return 'recovered';
  // A query may look back at the change for minutes.
  return spec.kind === 'prometheus' ? 'failed' : 'still-failing';
}

function stateOf(
  { during, after }: { readonly during: Stretch | null; readonly after: Stretch | null },
  last: Sample | null,
): CheckReport['state'] {
  // Reverted before the watch began, as after a failed command: how it is now is all that can be said, and is said.
  if (during === null) return last === null ? 'not-measured' : last.mark === 'pass' ? 'recovered' : 'still-failing';
  if (during.fails === 0) return last?.mark === 'fail' ? 'still-failing' : 'unaffected';
  if (last?.mark === 'pass') return 'recovered';
  return after === null ? 'failed' : 'still-failing';
}

const progressOf = (progress: readonly CheckProgress[], { name }: CheckSpec): CheckProgress | null =>
  progress.find(({ check }) => check === name) ?? null;

/** The samples where there are any, else the counters that the workflow brought. */
function stretchOf(samples: readonly Sample[], progress: CheckProgress | null): Stretch | null {
  if (samples.length > 0) return stretchOfSamples(samples);
  if (progress === null) return null;
  const { passes, fails, errors, noData, forgiven } = progress;
  const measured = passes + fails + errors + noData + forgiven;
  return measured === 0 ? null : { measured, passes, fails, unmeasurable: errors + noData, forgiven, medianMs: null };
}

function stretchOfSamples(samples: readonly Sample[]): Stretch {
  const count = (wanted: (sample: Sample) => boolean): number => samples.filter(wanted).length;
  const passed = samples.filter(({ mark }) => mark === 'pass').map(({ latencyMs }) => latencyMs);
  const sorted = passed.sort((a, b) => a - b);
  return {
    measured: samples.length,
    passes: passed.length,
    fails: count((sample) => sample.mark === 'fail' && sample.forgiven !== true),
    unmeasurable: count(({ mark, forgiven }) => mark !== 'pass' && mark !== 'fail' && forgiven !== true),
    forgiven: count(({ forgiven }) => forgiven === true),
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? null,
  };
}

const firstFailureOf = (samples: readonly Sample[]): Sample | null =>
  samples.find(({ mark, forgiven }) => mark === 'fail' && forgiven !== true) ?? null;

const failureOf = (progress: CheckProgress | null): Sample | null =>
  progress?.last?.mark === 'fail' && progress.last.forgiven !== true ? progress.last : null;

/** An address may carry a login before its host and a token after its question mark. */
export const withoutSecrets = (url: string): string =>
  url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1').replace(/\?.*$/, '?…');

function measuresOf(spec: CheckSpec): string {
  switch (spec.kind) {
    case 'http':
      return `${spec.method} ${withoutSecrets(spec.url)}`;
    case 'tcp':
      return `TCP connection to ${spec.host}:${spec.port}`;
    case 'grpc':
      return `gRPC health of ${spec.service === '' ? 'the server' : spec.service} at ${spec.host}:${spec.port}`;
    case 'prometheus':
      return `Prometheus query ${spec.query} at ${withoutSecrets(spec.url)}`;
    case 'command':
      return `command ${spec.command} of the probe`;
    case 'sql':
      return `new connection as ${spec.user} to ${spec.database}${spec.sourceAddress === null ? '' : ` from ${spec.sourceAddress}`}`;
  }
}
