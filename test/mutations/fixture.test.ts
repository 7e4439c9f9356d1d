/** The fixture and the oracles themselves, before anything is concluded from them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { differences } from './oracles.ts';
import { type ProvingGround, createProvingGround } from './proving-ground.ts';

const majors = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? ([14, 15, 16, 17, 18] as const) : ([17] as const);

describe.each(majors)('PostgreSQL %i', (major) => {
  let ground: ProvingGround;
  beforeAll(async () => {
    ground = await createProvingGround(major);
  }, 120_000);
  afterAll(() => ground?.close());

  it('gives the same facts twice, and after a reset', async () => {
    const facts = await ground.facts();
    expect(facts.length).toBeGreaterThan(500);
    expect(differences(facts, await ground.facts())).toEqual([]);
    await ground.reset();
    expect(differences(facts, await ground.facts())).toEqual([]);
  });
});
