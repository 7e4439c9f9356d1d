/** `drift` in knowngood.yaml: on by default, turned off and bent at every level. */
import { describe, expect, it } from '@jest/globals';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';

function drift(defaults: string, policy: string, target: string) {
  const line = (text: string): string => (text === '' ? '' : `drift: ${text}`);
  const parsed = parseKnowngoodConfig(
    `
defaults: { ${line(defaults)} }
targets: { db: { connection: 'postgresql://u@h/d', policy: p, ${line(target)} } }
policies: { p: { ${line(policy)} } }`,
    'knowngood.yaml',
  );
  return parsed.kind === 'ok' ? parsed.value.targets['db']?.drift : parsed.problems;
}

describe('looking for drift', () => {
  for (const [name, defaults, policy, target, want] of [
    ['is done every five minutes', '', '', '', { everyMs: 300_000, ignore: [] }],
    [
      'is done as often as the strongest level says',
      '{ every: 1m }',
      '{ every: 30s }',
      '',
      { everyMs: 30_000, ignore: [] },
    ],
    ['is turned off by one word', 'false', '', '', null],
    ['is turned off for one target', '{ every: 1m }', '', 'false', null],
    ['is turned on for one target', 'false', '', '{}', { everyMs: 300_000, ignore: [] }],
    [
      'takes what a level does not say from the one below',
      '{ every: 1m }',
      "{ ignore: ['role:v-*'] }",
      '',
      { everyMs: 60_000, ignore: ['role:v-*'] },
    ],
  ] as const)
    it(name, () => expect(drift(defaults, policy, target)).toEqual(want));

  for (const [name, text, message] of [
    ['needs an interval that a Schedule knows', '{ every: 200ms }', /targets\.db\.drift\.every: must be at least 1s$/],
    ['needs a duration', '{ every: 5x }', /targets\.db\.drift\.every: "5x" is not a duration$/],
    ['knows its keys', '{ evry: 5m }', /targets\.db\.drift: unknown key "evry"$/],
    ['is not turned on by a word', 'true', /targets\.db\.drift: expected false, or a time such as \{ every: 5m \}$/],
  ] as const)
    it(name, () => expect(drift('', '', text)).toMatchObject([{ message: expect.stringMatching(message) }]));
});
