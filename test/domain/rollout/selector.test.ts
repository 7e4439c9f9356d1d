import { describe, expect, it } from '@jest/globals';
import { parseSelector, selectTargets } from '../../../domain/rollout/selector.ts';

const known = [
  { name: 'eu-1', labels: { region: 'eu', tier: 'production' } },
  { name: 'eu-2', labels: { region: 'eu', tier: 'test' } },
  { name: 'us-1', labels: { region: 'us', tier: 'production', legacy: 'yes' } },
  { name: 'lab', labels: {} },
];

describe('a selector', () => {
  for (const [labels, want] of [
    ['tier=production', 'eu-1 us-1'],
    ['tier == production', 'eu-1 us-1'],
    ['tier!=production', 'eu-2 lab'],
    ['region in (eu, us)', 'eu-1 eu-2 us-1'],
    ['region notin (eu)', 'us-1 lab'],
    ['legacy', 'us-1'],
    ['!legacy,tier=production', 'eu-1'],
    ['region in (eu,us),tier=production,!legacy', 'eu-1'],
    ['constructor', ''],
  ] as const) {
    it(`${labels} means ${want === '' ? 'nobody' : want}`, () => {
      const answer = selectTargets(known, { labels });
      if (want === '') expect(answer).toMatchObject({ problems: [{ code: 'no-target' }] });
      else expect(answer).toEqual({ kind: 'selected', targets: want.split(' ') });
    });
  }
  for (const text of ['', 'tier=', '=x', 'a b', 'in (eu)', 'region in ()', 'region in (eu', 'tier=production,', '!!x'])
    it(`is refused as ${JSON.stringify(text)}`, () => expect(parseSelector(text)).toBeNull());
});

describe('a selection', () => {
  it('takes those that are named, in the order of their names, without the exceptions', () => {
    expect(selectTargets(known, { names: ['us-1', 'lab', 'eu-1'], except: ['lab'] })).toEqual({
      kind: 'selected',
      targets: ['us-1', 'eu-1'],
    });
    expect(selectTargets(known, { names: ['us-1', 'lab'], labels: 'region=us' })).toMatchObject({ targets: ['us-1'] });
  });

  it('says everything that is wrong at once', () => {
    const answer = selectTargets(known, { names: ['eu-1', 'eu-1', 'eu-3'], labels: '==' });
    expect(answer).toMatchObject({
      problems: [{ code: 'unknown-target' }, { code: 'target-twice' }, { code: 'invalid-value' }],
    });
  });

  it('never takes all of them because nobody has said which', () => {
    expect(selectTargets(known, {})).toMatchObject({ kind: 'refused', problems: [{ code: 'missing-key' }] });
  });
});
