/** What is kept of each decision, however much is said. */
import { expect, it } from '@jest/globals';
import { openFlow, type Flow } from '../../workflows/flow.ts';
import { record, recordRuling, saidIn, withdrawApprovals } from '../../workflows/recording.ts';

function aFlow(): Flow {
  return openFlow({ target: 'shop-db', changeId: 'c', requestedBy: 'anna', reason: '', change: { kind: 'external' } });
}
const problem = { code: 'x', message: 'too late', hint: 'Be earlier.' };
const kept = ({ evidence }: Flow) => evidence.decisions?.map(({ at, ...rest }) => (at > 0 ? rest : null));

for (const [word, input, want] of [
  ['abort', 'kim: not now: busy', { who: 'kim', why: 'not now: busy' }],
  ['abort', undefined, { who: '', why: '' }],
  ['abort', { who: 5 }, { who: '', why: '' }],
  ['confirm', { who: 'kim: lee', why: 'x' }, { who: 'kim: lee', why: 'x' }],
  ['extend', '10m: bob', { who: '', why: 'bob', extendedMs: 600_000 }],
  ['extend', { by: 'soon' }, { who: '', why: '' }],
] as const)
  it(`reads from ${word} ${JSON.stringify(input)} who and why`, () =>
    expect(saidIn(word, input)).toEqual({ word, ...want }));

it('knows of what did not count why, and of a ruling what was ruled', () => {
  const flow = aFlow();
  record(flow, saidIn('abort', 'kim: a'));
  record(flow, saidIn('confirm', 'eve'), problem);
  recordRuling(flow, 'revert', { reason: 'aborted-by-operator', why: 'aborted by kim: a' });
  expect(kept(flow)).toEqual([
    { word: 'abort', who: 'kim', why: 'a' },
    { word: 'confirm', who: '', why: 'eve', refused: 'too late' },
    { word: 'revert', who: '', why: 'aborted by kim: a', reason: 'aborted-by-operator' },
  ]);
});

it('lets approvals count no longer once they were given to something else', () => {
  const flow = aFlow();
  record(flow, { ...saidIn('approve', 'kim: a'), claim: null });
  record(flow, saidIn('approve', 'eve: a'), problem);
  record(flow, saidIn('extend', '1m'));
  withdrawApprovals(flow, 'the plan has changed since');
  record(flow, { ...saidIn('approve', 'kim: b'), claim: 'kim@host' });
  expect(flow.evidence.decisions?.map(({ word, why, refused }) => [word, why, refused])).toEqual([
    ['approve', 'a', 'the plan has changed since'],
    ['approve', 'a', 'too late'],
    ['extend', '', undefined],
    ['approve', 'b', undefined],
  ]);
});

it('stays far below a payload, whatever is said, and loses no ruling', () => {
  const flow = aFlow();
  const long = 'x'.repeat(500);
  for (let n = 0; n < 1_000; n += 1)
    for (const word of ['approve', 'abort', 'extend'] as const) {
      record(flow, { word, who: long, why: long, claim: long });
      record(flow, { word, who: long, why: long, claim: long }, { code: 'x', message: long });
    }
  record(flow, saidIn('abandon', 'kim'));
  recordRuling(flow, 'revert', { reason: 'check-failed', why: long });
  const words = flow.evidence.decisions?.map(({ word }) => word) ?? [];
  expect(words).toHaveLength(4 * 15 + 2);
  expect(words.slice(-2)).toEqual(['abandon', 'revert']);
  expect(JSON.stringify(flow.evidence.decisions).length).toBeLessThan(40_000);
});
