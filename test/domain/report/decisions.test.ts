/** Who decided what and why, as a reader of the report is told: recorded as data, or told in the timeline only. */
import { describe, expect, it } from '@jest/globals';
import { decisionsOf, whyText } from '../../../domain/report/decisions.ts';
import type { RecordedDecision } from '../../../domain/decision.ts';
import type { Phase } from '../../../domain/phase.ts';
import { anOutage, start } from '../../report/outage.ts';

function decided(texts: readonly (string | { readonly phase: Phase; readonly text: string })[]) {
  const outage = anOutage({ details: { ...anOutage().details, approvals: [] } });
  const timeline = texts.map((entry, index) => ({
    at: start + 20_000 + index,
    ...(typeof entry === 'string' ? { phase: 'watch' as Phase, text: entry } : entry),
  }));
  const input = { ...outage, result: { ...outage.result, timeline } };
  return decisionsOf(input)
    .filter(({ at }) => at >= start + 20_000)
    .map(({ what, who, why }) => [what, who, why]);
}

for (const [what, text, want] of [
  ['an abort has who and why', 'abort by kim: not tonight: too busy', ['abort', 'kim', 'not tonight: too busy']],
  ['an abandon without a reason has none', 'abandon by kim', ['abandon', 'kim', '']],
  ['an acknowledgement counts', 'acknowledged by kim: I look', ['acknowledge', 'kim', 'I look']],
  [
    'an acknowledgement of a notice counts',
    'revert-incomplete: acknowledged by kim: I look: now',
    ['acknowledge', 'kim', 'I look: now'],
  ],
  [
    'an acknowledgement in another place counts',
    'reverted: acknowledged by Kim in PagerDuty',
    ['acknowledge', 'Kim in PagerDuty', ''],
  ],
  [
    'a later deadline is a decision',
    'deadline moved by 600 s: bob is late',
    ['deadline moved by 600 s', 'an operator', 'bob is late'],
  ],
  [
    'the ruling names the policy',
    'decided to revert: login failed',
    ['revert', 'Knowngood, by the policy', 'login failed'],
  ],
] as const)
  it(what, () => expect(decided([text])).toEqual([want]));

it('is told of nothing that only sounds like one', () =>
  expect(
    decided(['signal abort had no effect: too early', 'reverted, proven on a new connection, by workflow']),
  ).toEqual([]));

for (const [said, summary, what] of [
  ['reject by kim: x', 'rejected by kim: x', 'reject'],
  ['abort by kim: x', 'aborted by kim: x; nothing was touched', 'abort'],
] as const)
  it(`tells once of the ${what} that the summary says again`, () =>
    expect(
      decided([
        { phase: 'approve', text: said },
        { phase: 'report', text: summary },
      ]),
    ).toEqual([[what, 'kim', 'x']]));

it('hears who takes a notice while the report is being written', () =>
  expect(decided([{ phase: 'report', text: 'reverted: acknowledged by kim' }])).toEqual([['acknowledge', 'kim', '']]));

it('begins with who asked, tells each approval once, and ends with the ruling', () => {
  expect(decisionsOf(anOutage()).map(({ what, who, claim }) => [what, who, claim])).toEqual([
    ['ask for the change', 'anna', null],
    ['approve', 'bob', 'bob@example.org'],
    ['revert', 'Knowngood, by the policy', null],
  ]);
});

it('stands in the order of time', () =>
  expect(decided(['confirm by kim: b', 'abort by eve: a']).map(([, who]) => who)).toEqual(['kim', 'eve']));

it('puts an approval that came late where it belongs', () => {
  const outage = anOutage();
  const approvals = outage.details.approvals.map((approval) => ({ ...approval, at: start + 60_000 }));
  const late = decisionsOf({ ...outage, details: { ...outage.details, approvals } });
  expect(late.map(({ what }) => what).at(-1)).toBe('approve');
});

for (const [outcome, want] of [
  ['kept', 'keep'],
  ['rejected', 'end'],
  ['aborted', 'end'],
  ['abandoned', 'revert'],
] as const)
  it(`calls an unnamed ruling that ended as ${outcome} "${want}"`, () => {
    const outage = anOutage();
    const old = { ...outage, result: { ...outage.result, outcome, timeline: [] } };
    expect(decisionsOf(old).at(-1)?.what).toBe(want);
  });

it('claims no ruling where none was made', () => {
  const outage = anOutage();
  const moments = { ...outage.result.moments, decided: null };
  const old = { ...outage, result: { ...outage.result, moments, timeline: [] } };
  expect(decisionsOf(old).map(({ what }) => what)).toEqual(['ask for the change', 'approve']);
});

it('knows the ruling of a timeline that does not name it', () => {
  const outage = anOutage();
  const old = { ...outage, result: { ...outage.result, timeline: [] } };
  expect(decisionsOf(old).at(-1)).toMatchObject({ what: 'revert', why: 'a dependent failed its check' });
});

describe('decisions that were recorded', () => {
  const shown = (...decisions: readonly Omit<RecordedDecision, 'at'>[]) => {
    const outage = anOutage();
    const recorded = decisions.map((decision, index) => ({ at: start + 20_000 + index, ...decision }));
    const details = { ...outage.details, decisions: recorded };
    return decisionsOf({ ...outage, details }).slice(1);
  };

  for (const [what, recorded, want] of [
    [
      'an approval, with what its client claimed',
      { word: 'approve', who: 'bob', why: 'seen', claim: 'bob@example.org' },
      { what: 'approve', who: 'bob', claim: 'bob@example.org', why: 'seen' },
    ],
    [
      'a signed one, with its key',
      { word: 'approve', who: 'bob', why: '', claim: null, key: 'SHA256:x' },
      { what: 'approve', who: 'bob', claim: null, why: '', key: 'SHA256:x' },
    ],
    [
      'what nobody asked a claim of',
      { word: 'abort', who: 'kim by eve', why: 'confirm by me: x' },
      { what: 'abort', who: 'kim by eve', claim: null, why: 'confirm by me: x' },
    ],
    [
      'what nobody gave a name to',
      { word: 'extend', who: '', why: 'bob is late', extendedMs: 600_000 },
      { what: 'move the deadline by 10 min', who: 'an operator', claim: null, why: 'bob is late' },
    ],
    [
      'what could not be read, and so did not count',
      { word: 'extend', who: '', why: '', refused: 'cannot read it' },
      { what: 'move the deadline', who: 'an operator', claim: null, why: '', refused: 'cannot read it' },
    ],
    [
      'the ruling',
      { word: 'revert-in-part', who: '', why: 'login failed', reason: 'check-failed' },
      { what: 'revert in part', who: 'Knowngood, by the policy', claim: null, why: 'login failed' },
    ],
    [
      'the ruling that somebody wanted',
      { word: 'revert', who: '', why: 'aborted by kim', reason: 'aborted-by-operator' },
      { what: 'revert', who: 'Knowngood, as it was told', claim: null, why: 'aborted by kim' },
    ],
    [
      'what was done on the host',
      { word: 'revert', who: '', why: 'closed by rescue', reason: 'rescued-on-host' },
      { what: 'revert', who: 'somebody on the database host', claim: null, why: 'closed by rescue' },
    ],
  ] as const)
    it(`are told: ${what}`, () => expect(shown(recorded)).toEqual([{ at: start + 20_000, ...want }]));

  it('are all there is: no text is read', () => {
    expect(anOutage().result.timeline.some(({ text }) => text.startsWith('decided to revert'))).toBe(true);
    expect(shown()).toEqual([]);
  });
});

for (const [why, refused, want] of [
  ['seen', undefined, 'seen'],
  ['seen', 'too late', 'seen – Did not count: too late.'],
  ['', 'too late', 'Did not count: too late.'],
  ['', 'no. It is late.', 'Did not count: no. It is late.'],
  ['', undefined, ''],
] as const)
  it(`says "${want}" of a reason "${why}"${refused === undefined ? '' : ' that did not count'}`, () =>
    expect(
      whyText({ at: 0, what: 'abort', who: 'kim', claim: null, why, ...(refused === undefined ? {} : { refused }) }),
    ).toBe(want));
