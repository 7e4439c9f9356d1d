/** An outage and its checks for the rules of a report, each bent in one thing. */
import type { CheckReport } from '../../../domain/report/checks.ts';
import type { ReportInput } from '../../../domain/report/input.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import { anOutage, samples } from '../../report/outage.ts';

export const outage = anOutage();

export function ended(bent: Partial<ChangeResult>, input: Partial<ReportInput> = {}): ReportInput {
  return { ...outage, ...input, result: { ...outage.result, ...bent } };
}

const stretch = { measured: 4, passes: 4, fails: 0, unmeasurable: 0, forgiven: 0, medianMs: 3 };

export function aCheck(bent: Partial<CheckReport> = {}): CheckReport {
  return {
    name: 'image-service/login',
    dependent: 'image-service',
    team: null,
    level: 'required',
    measures: '',
    before: stretch,
    during: stretch,
    after: null,
    firstFailure: null,
    worse: null,
    crossed: null,
    state: 'unaffected',
    series: [],
    measured: 4,
    ...bent,
  };
}

export const failure = samples.find(({ code }) => code === '28000') ?? null;
export const failed = (bent: Partial<CheckReport> = {}): CheckReport =>
  aCheck({ during: { ...stretch, passes: 1, fails: 3 }, firstFailure: failure, state: 'recovered', ...bent });
