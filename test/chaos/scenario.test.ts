/** Scenarios follow from their seed, reach everything that can be hurt, and have an end. */
import { describe, expect, it } from '@jest/globals';
import {
  components,
  faultKinds,
  harmful,
  healthyScenarioOf,
  links,
  moments,
  type Part,
  scenarioInWords,
  scenarioOf,
} from './scenario.ts';

const many = Array.from({ length: 1_000 }, (_, index) => scenarioOf(1, index));
const faults = many.flatMap((scenario) => scenario.faults);

describe('a scenario', () => {
  it('is the same for the same seed and number, and another one for others', () => {
    expect(scenarioOf(7, 3)).toEqual(scenarioOf(7, 3));
    expect(new Set([scenarioOf(7, 3), scenarioOf(7, 4), scenarioOf(8, 3)].map((one) => JSON.stringify(one))).size).toBe(
      3,
    );
  });

  it('hurts in every way, everything, at every moment', () => {
    expect(new Set(faults.map(({ what }) => what.kind))).toEqual(new Set(faultKinds));
    expect(new Set(faults.map(({ after }) => after))).toEqual(new Set(moments));
    for (const kind of ['kill', 'freeze'] as const) {
      const hurt = faults.flatMap(({ what }) => (what.kind === kind ? [what.what] : []));
      expect(new Set(hurt)).toEqual(new Set(components));
    }
    const cut = faults.flatMap(({ what }) => (what.kind === 'cut' ? [`${what.link} ${what.how}`] : []));
    expect(new Set(cut).size).toBe(links.length * 2);
  });

  it('is bounded in count and time', () => {
    for (const { faults: own, parts } of many) {
      expect(own.length).toBeLessThanOrEqual(4);
      expect(parts.length).toBeGreaterThan(0);
    }
    for (const { delayMs, what } of faults) {
      expect(delayMs).toBeLessThanOrEqual(2_000);
      if ('forMs' in what) expect(what.forMs).toBeLessThanOrEqual(6_000);
      if ('downMs' in what) expect(what.downMs).toBeLessThanOrEqual(4_000);
    }
  });

  it('is of every kind, harmless and harmful', () => {
    expect(new Set(many.map(({ kind }) => kind))).toEqual(new Set(['config', 'command', 'external']));
    const isHarmful = (part: Part): boolean => (harmful as readonly Part[]).includes(part);
    const share = many.filter(({ parts }) => parts.some(isHarmful)).length / many.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  it('without faults is a change that nothing speaks against', () => {
    for (let index = 0; index < 200; index += 1) {
      const { parts, faults: none, abort, pipeline } = healthyScenarioOf(1, index);
      expect([none, abort, pipeline]).toEqual([[], null, 'says so']);
      expect(parts.filter((part) => (harmful as readonly Part[]).includes(part))).toEqual([]);
      expect(parts.length).toBeGreaterThan(0);
    }
  });

  it('can be told in words', () => {
    const withReset = many.find(({ faults: own }) => own.some(({ what }) => what.kind === 'reset'));
    expect(withReset && scenarioInWords(withReset)).toMatch(/\+ \d+ ms: reset to \d+ % of the history/);
  });
});
