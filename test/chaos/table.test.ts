/** The table of a series. */
import { expect, it } from '@jest/globals';
import type { RunResult } from './run.ts';
import { renderMarkdown, renderTable, summaryOf } from './table.ts';

const run = (bend: Partial<RunResult>): RunResult => ({
  seed: 5,
  index: 0,
  kind: 'config',
  faults: [],
  outcome: 'kept',
  reason: 'soak-healthy',
  violations: [],
  recoveryMs: 100,
  tookMs: 4_000,
  log: [],
  ...bend,
});

const summary = summaryOf({
  mode: 'chaos',
  seed: 5,
  ownEnds: ['no Temporal'],
  results: [
    run({ faults: ['kill', 'cut'] }),
    run({ kind: 'command', outcome: 'reverted', faults: ['kill'], recoveryMs: 12_340 }),
    run({ outcome: 'reverted', violations: ['one', 'two'] }),
  ],
});

it('counts runs, faults by kind, outcomes, runs with a violation, and the slowest recovery', () => {
  expect(renderTable(summary)).toBe(
    `
runs                                3 (seed 5)
changes                             1 command · 2 config
faults                              3: 2 kill · 0 freeze · 1 cut · 0 disk-full · 0 terminate · 0 cancel · 0 reset · 0 old-task
outcomes                            1 kept · 2 reverted
violations                          1
recovery                            slowest 12.3 s, median 0.1 s
processes that ended by themselves  1: no Temporal`.slice(1),
  );
});

it('is a table in Markdown too', () => {
  const lines = renderMarkdown(summary).split('\n');
  expect(lines.slice(0, 3)).toEqual(['| what | seen |', '| --- | --- |', '| runs | 3 (seed 5) |']);
  expect(lines).toContain('| violations | 1 |');
});
