import { describe, expect, it } from '@jest/globals';
import type { RolloutRequest } from '../../../domain/rollout/rollout.ts';
import { planWaves } from '../../../domain/rollout/waves.ts';

const targets = ['a', 'b', 'c', 'd', 'e'];
const request = (bent: Partial<RolloutRequest>): RolloutRequest => ({
  rolloutId: 'r',
  change: { kind: 'config', settings: { work_mem: '8MB' } },
  targets: {},
  ...bent,
});

describe('the waves', () => {
  for (const [name, bent, want] of [
    ['begin with one canary', {}, 'a|bcde'],
    ['have one size after the canary', { canary: 2, waves: { size: 2 } }, 'ab|cd|e'],
    ['begin with those that are named', { canary: ['e', 'b'], waves: { size: 2 } }, 'eb|ac|d'],
    ['need no canary', { canary: 0, waves: { size: 3 } }, 'abc|de'],
    ['are one when the canary is all of them', { canary: 9 }, 'abcde'],
  ] as const)
    it(name, () => {
      const planned = planWaves(targets, request(bent));
      expect(planned.kind === 'waves' && planned.waves.map((wave) => wave.join('')).join('|')).toBe(want);
    });

  it('have no canary that is not selected, or twice', () => {
    expect(planWaves(targets, request({ canary: ['x', 'a', 'a'] }))).toMatchObject({
      problems: [{ code: 'canary-not-selected' }, { code: 'target-twice' }],
    });
  });

  it('are not more than fit', () => {
    const many = Array.from({ length: 401 }, (_, n) => `t${n}`);
    expect(planWaves(many, request({}))).toMatchObject({ problems: [{ code: 'too-many-targets' }] });
  });
});
