/** What settling forgives, by class, and that it ends. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SampleClass } from '../../../domain/check.ts';
import { isForgiven } from '../../../domain/checks/settle.ts';
import { aFailure, aSample, noon } from '../../probes/builders.ts';

const until = noon + 1;

describe('while the server settles', () => {
  for (const kind of ['refused', 'starting-up', 'timeout', 'http', 'network'] as const)
    it(`forgives ${kind}`, () => expect(isForgiven(aFailure(kind), until)).toBe(true));

  for (const kind of ['access', 'privilege', 'limits', 'missing-database', 'tls', 'query', 'pooled', 'probe'] as const)
    it(`counts ${kind} at once`, () => expect(isForgiven(aFailure(kind), until)).toBe(false));

  it('has nothing to forgive a pass', () => expect(isForgiven(aSample(), until)).toBe(false));
});

it('forgives what began before its end, and nothing from then on', () => {
  expect(isForgiven(aFailure('refused'), noon + 1)).toBe(true);
  expect(isForgiven(aFailure('refused'), noon)).toBe(false);
  expect(isForgiven(aFailure('refused'), 0)).toBe(false);
});

it('never forgives a denial, whenever it comes', () => {
  const denials = fc.constantFrom<SampleClass>('access', 'privilege');
  fc.assert(
    fc.property(denials, fc.integer(), fc.integer(), (kind, at, settleUntil) => {
      expect(isForgiven({ ...aFailure(kind), at }, settleUntil)).toBe(false);
    }),
  );
});
