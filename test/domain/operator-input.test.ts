import { describe, expect, it } from '@jest/globals';
import { parseExtension, parseOperatorInput } from '../../domain/operator-input.ts';

describe('what an operator types', () => {
  for (const [name, input, want] of [
    ['nothing at all', undefined, { who: null, why: '' }],
    ['a name and a reason', 'Kim: seen the diff', { who: 'Kim', why: 'seen the diff' }],
    ['a reason alone', 'seen the diff', { who: null, why: 'seen the diff' }],
    ['a reason with a colon keeps it', 'Kim: see https://x.example', { who: 'Kim', why: 'see https://x.example' }],
    [
      'an object',
      { who: 'Kim', why: 'ok', changeId: 'a', planHash: 'b' },
      { who: 'Kim', changeId: 'a', planHash: 'b' },
    ],
  ] as const) {
    it(`reads ${name}`, () => expect(parseOperatorInput(input)).toMatchObject(want));
  }

  for (const [name, input, code] of [
    ['a list', [], 'argument-not-understood'],
    ['a number', 3, 'argument-not-understood'],
    ['an unknown field', { name: 'Kim' }, 'unknown-field'],
    ['a field that is no text', { who: 3 }, 'argument-not-understood'],
    ['a novel', 'x'.repeat(501), 'argument-too-long'],
  ] as const) {
    it(`refuses ${name}`, () => expect(parseOperatorInput(input)).toMatchObject({ code }));
  }
});

describe('an extension', () => {
  for (const [name, input, want] of [
    ['a duration with a reason', '10m: waiting for the DBA', { ms: 600_000, why: 'waiting for the DBA' }],
    ['a duration alone', '30s', { ms: 30_000, why: '' }],
    ['an object', { by: '1h', why: 'lunch' }, { ms: 3_600_000, why: 'lunch' }],
  ] as const) {
    it(`reads ${name}`, () => expect(parseExtension(input)).toEqual(want));
  }

  for (const [name, input, code] of [
    ['no unit', '10: soon', 'extension-not-understood'],
    ['nothing', undefined, 'extension-not-understood'],
    ['zero', '0s', 'extension-not-understood'],
    ['more than a week', '8d: holidays', 'extension-too-long'],
  ] as const) {
    it(`refuses ${name}`, () => expect(parseExtension(input)).toMatchObject({ code }));
  }
});
