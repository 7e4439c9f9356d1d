/** Mutations in random order, two to twenty of them, taken back in one revert: what one of them hides from another. */
import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PostgresMajor } from '../../worker/stack/cluster.ts';
import { mutationsFor } from './catalogue/index.ts';
import type { Mutation } from './mutation.ts';
import { type Facts, differences } from './oracles.ts';
import { type ProvingGround, createProvingGround } from './proving-ground.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const runs = full ? 100 : 5;
/** Printed with every failure; give it as KNOWNGOOD_TEST_SEED to see the same again. */
const seed = Number(process.env['KNOWNGOOD_TEST_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [17];

let ground: ProvingGround;
afterAll(() => ground?.close());

it.each(majors)(
  'any sequence of mutations is taken back as one change on PostgreSQL %i',
  async (major) => {
    await ground?.close();
    ground = await createProvingGround(major);
    const facts = await ground.facts();
    const exact = mutationsFor(major).filter(
      ({ reported, leaves, section, blind }) =>
        reported === undefined &&
        leaves === undefined &&
        // Its own role locked out, only the open connection leads back: another one's restart would take that too.
        !(section === 'roles' && blind === true),
    );
    const sequence = fc.array(fc.constantFrom(...exact), { minLength: 2, maxLength: 20 });
    const named = sequence.map((mutations) => ({
      mutations,
      toString: () => mutations.map(({ name }) => name).join('; '),
    }));
    const property = fc.asyncProperty(named, ({ mutations }) => takenBack(mutations, facts));
    await fc.assert(property, { seed, numRuns: Math.ceil(runs / majors.length), interruptAfterTimeLimit: 1_500_000 });
  },
  1_800_000,
);

async function takenBack(mutations: readonly Mutation[], facts: Facts): Promise<void> {
  let exact = false;
  try {
    const before = await ground.target.capture();
    // One may take from another what it needs, or lock it out: it then has not happened.
    for (const mutation of mutations) await ground.perform(mutation).catch(() => undefined);
    const change = await ground.target.capture().catch(() => null);
    const report = await ground.revert(before, change);
    expect({ seed, remaining: report.remaining, conflicts: report.conflicts }).toEqual({
      seed,
      remaining: [],
      conflicts: [],
    });
    expect({ seed, differences: differences(facts, await ground.facts()) }).toEqual({ seed, differences: [] });
    exact = true;
  } finally {
    if (!exact) await ground.reset();
  }
}
