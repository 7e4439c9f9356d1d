/** The result of a series of runs as a table: for people, as Markdown for the documents, and as JSON. Pure. */
import type { RunResult } from './run.ts';
import { faultKinds } from './scenario.ts';

export interface Series {
  readonly mode: 'chaos' | 'healthy' | 'steps';
  readonly seed: number;
  readonly results: readonly RunResult[];
  /** Last words of worker and agent whose end no fault explains. */
  readonly ownEnds: readonly string[];
}

export interface Summary {
  readonly seed: number;
  readonly mode: Series['mode'];
  readonly runs: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: number;
  readonly slowestRecoveryMs: number;
  readonly medianRecoveryMs: number;
  readonly ownEnds: readonly string[];
}

export function summaryOf({ mode, seed, results, ownEnds }: Series): Summary {
  const recoveries = results.map(({ recoveryMs }) => recoveryMs).sort((one, other) => one - other);
  return {
    seed,
    mode,
    runs: results.length,
    kinds: counted(results.map(({ kind }) => kind)),
    faults: {
      ...Object.fromEntries(faultKinds.map((kind) => [kind, 0])),
      ...counted(results.flatMap(({ faults }) => faults)),
    },
    outcomes: counted(results.map(({ outcome }) => outcome)),
    violations: results.filter((result) => result.violations.length > 0).length,
    slowestRecoveryMs: Math.round(recoveries.at(-1) ?? 0),
    medianRecoveryMs: Math.round(recoveries[Math.floor(recoveries.length / 2)] ?? 0),
    ownEnds,
  };
}

export function renderTable(summary: Summary): string {
  const rows = rowsOf(summary);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

export function renderMarkdown(summary: Summary): string {
  const rows = rowsOf(summary);
  return ['| what | seen |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function rowsOf(summary: Summary): readonly (readonly [string, string])[] {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(' · ');
  const faults = Object.values(summary.faults).reduce((sum, count) => sum + count, 0);
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return [
    ['runs', `${summary.runs}${runsInWords(summary)}`],
    ['changes', list(summary.kinds)],
    ...(summary.mode === 'healthy' ? [] : ([['faults', `${faults}: ${list(summary.faults)}`]] as const)),
    ['outcomes', list(summary.outcomes)],
    ['violations', String(summary.violations)],
    ['recovery', `slowest ${seconds(summary.slowestRecoveryMs)}, median ${seconds(summary.medianRecoveryMs)}`],
    ['processes that ended by themselves', [summary.ownEnds.length, ...summary.ownEnds].join(': ')],
  ];
}

function runsInWords({ mode, seed }: Summary): string {
  if (mode === 'steps') return ', one for each moment right before and right after a durable step';
  return `${mode === 'healthy' ? ' healthy ones' : ''} (seed ${seed})`;
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
