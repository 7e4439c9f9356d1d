/** What was done about it, and what is left to do: which sentence stands in which report. */
import { describe, expect, it } from '@jest/globals';
import type { RevertItem } from '../../../domain/plan.ts';
import type { CheckReport } from '../../../domain/report/checks.ts';
import type { ReportInput } from '../../../domain/report/input.ts';
import { followUpsOf, resolutionOf } from '../../../domain/report/resolution.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import { aCheck, ended, failed, outage } from './builders.ts';

const item = (key: string, decision: RevertItem['decision']): RevertItem => ({
  key,
  section: 'files',
  action: 'write',
  effect: 'reload',
  summary: '',
  decision,
});
const details = (reverted: readonly RevertItem[], proof: readonly string[] = []): Partial<ReportInput> => ({
  details: { ...outage.details, reverted, proof },
});

describe('the resolution', () => {
  for (const [what, result, input, want] of [
    [
      'counts what was put back, not what was right already',
      {},
      details([item('a', 'restore'), item('b', 'nothing'), item('c', 'not-revertible'), item('d', 'merge')]),
      '2 items put back 2.8 s after the decision.',
    ],
    ['says one item of one', {}, details([item('a', 'restore')]), '1 item put back 2.8 s after the decision.'],
    [
      'says that it was proven, when it was',
      {},
      details([item('a', 'restore')], ['seen']),
      '1 item put back 2.8 s after the decision, and it was proven, not assumed.',
    ],
    [
      'counts nothing where nothing was to be done',
      {},
      details([]),
      'The configuration is as it was before 2.8 s after the decision.',
    ],
    [
      'leaves out a time that is not known',
      { moments: { ...outage.result.moments, decided: null } },
      details([]),
      'The configuration is as it was before.',
    ],
    [
      'of a change kept names the new known-good',
      { outcome: 'kept' },
      {},
      'The change stays in force; the lease is released and the configuration is the new known-good.',
    ],
    [
      'of a change kept without a snapshot names none',
      { outcome: 'kept', snapshots: { before: 'a', change: 'b', after: null } },
      {},
      'The change stays in force; the lease is released.',
    ],
    ['of a change aborted is that there was nothing', { outcome: 'aborted' }, {}, 'Nothing had to be undone.'],
    [
      'of a change abandoned is a person',
      { outcome: 'abandoned' },
      {},
      'A person stopped the revert before it was complete; what was left then is listed below.',
    ],
  ] as readonly (readonly [string, Partial<ChangeResult>, Partial<ReportInput>, string])[])
    it(what, () => expect(resolutionOf(ended(result, input))).toEqual([want]));
});

describe('what is left to do', () => {
  const kinds = {
    mend: 'Mend your source',
    other: 'Whatever else the command did',
    still: 'Still failing, and not because',
    hand: 'Finish the revert by hand',
    somebody: 'Somebody else changed',
    lasting: 'Not revertible',
    again: 'A new try is',
    declare: 'Declare dependents',
    end: 'not seen to pass again',
    red: 'allowRedBaseline',
  };
  const named = (input: ReportInput, checks: readonly CheckReport[] = [aCheck()]): readonly string[] => {
    const all = followUpsOf(input, checks);
    return Object.entries(kinds).flatMap(([kind, words]) => (all.some((text) => text.includes(words)) ? [kind] : []));
  };
  const policy = { ...outage.change.policy, allowRedBaseline: true };
  const still = aCheck({ state: 'still-failing' });

  for (const [what, result, input, checks, want] of [
    ['after a reverted command', {}, {}, [aCheck()], ['mend', 'other', 'again']],
    [
      'after a reverted declared change',
      {},
      { change: { ...outage.change, changeKind: 'config' } },
      [aCheck()],
      ['mend', 'again'],
    ],
    ['after an abandoned one', { outcome: 'abandoned' }, {}, [aCheck()], ['other', 'hand', 'again']],
    ['after one that was kept', { outcome: 'kept' }, {}, [aCheck()], []],
    ['after one that was rejected', { outcome: 'rejected' }, {}, [aCheck()], []],
    ['after one that was kept unseen', { outcome: 'kept' }, {}, [], ['declare']],
    ['when a dependent still fails', {}, {}, [still], ['mend', 'other', 'still', 'again']],
    [
      'when a dependent fails under a kept change, the configuration is not absolved',
      { outcome: 'kept' },
      {},
      [still],
      ['end'],
    ],
    [
      'when a dependent failed to the end of a kept change',
      { outcome: 'kept' },
      {},
      [failed({ state: 'failed' })],
      ['end'],
    ],
    ['when somebody else was at it', { conflicts: ['x'] }, {}, [aCheck()], ['mend', 'other', 'somebody', 'again']],
    [
      'when something cannot be reverted',
      {},
      details([item('setting:port', 'not-revertible')]),
      [aCheck()],
      ['mend', 'other', 'lasting', 'again'],
    ],
    [
      'when red checks could not speak',
      { outcome: 'kept' },
      { change: { ...outage.change, policy } },
      [aCheck()],
      ['red'],
    ],
  ] as readonly (readonly [
    string,
    Partial<ChangeResult>,
    Partial<ReportInput>,
    readonly CheckReport[],
    readonly string[],
  ])[])
    it(what, () => expect(named(ended(result, input), checks)).toEqual(want));

  it('repeats a hint once, after the plan’s own warnings', () => {
    const problems = [1, 2].map((n) => ({ code: 'x', message: `${n}`, hint: 'Look at the log.' }));
    const plan = { ...outage.plan!, warnings: ['the server will listen elsewhere'] };
    expect(followUpsOf(ended({ outcome: 'rejected', problems }, { plan }), [])).toEqual([
      'the server will listen elsewhere',
      'Look at the log.',
    ]);
  });
});
