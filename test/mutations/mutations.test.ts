/** Every mutation is taken back, and oracles that share no code with the product see no difference. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { diffSnapshots } from '../../domain/snapshot/diff.ts';
import type { Captured } from '../../targets/target.ts';
import { catalogue, mutationsFor } from './catalogue/index.ts';
import type { Mutation } from './mutation.ts';
import { type Facts, differences, fileIdentities } from './oracles.ts';
import { type ProvingGround, createProvingGround } from './proving-ground.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors = full ? ([14, 15, 16, 17, 18] as const) : ([16, 18] as const);

it('knows at least 150 mutations, each by a name of its own within its section', () => {
  const names = catalogue.map(({ section, name }) => `${section}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(150);
});

describe.each(majors)('PostgreSQL %i', (major) => {
  let ground: ProvingGround;
  /** What the last test left, when it left everything as it found it. */
  let known: Facts | null = null;

  beforeAll(async () => {
    ground = await createProvingGround(major);
  }, 120_000);
  afterEach(async () => {
    if (known === null) await ground.reset();
  });
  afterAll(() => ground?.close());

  it.each(
    mutationsFor(major, ...(full ? [] : ([8, major === 16 ? 0 : 4] as const))).map(
      (one) => [one.section, one.name, one] as const,
    ),
  )('%s: %s', async (_section, _name, mutation) => {
    const facts = known ?? (await ground.facts());
    known = null;
    const before = await ground.target.capture();
    expect(before.dirty).toEqual([]);

    await ground.perform(mutation);
    const change = await lookAt(ground, mutation);
    if (full && mutation.blind !== true && mutation.unseen !== true)
      expect(differences(facts, await ground.facts())).not.toEqual([]);
    const report = await ground.revert(before, change);

    if (mutation.reported !== undefined) {
      expect(JSON.stringify([report.items, report.remaining])).toMatch(mutation.reported);
      if (mutation.leaves === undefined) return;
    } else expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    const leaves = mutation.leaves ?? [];
    expect(differences(facts, await ground.facts(), leaves)).toEqual([]);
    expect(report.after?.dirty).toEqual([]);
    expect(seenByTheProduct(before, report.after, leaves)).toEqual([]);

    await writesNothingTheSecondTime(ground, before, change, mutation);
    if (mutation.cleanUp !== undefined) await ground.perform({ steps: mutation.cleanUp });
    known = facts;
  });
});

async function lookAt({ target }: ProvingGround, { blind }: Mutation): Promise<Captured | null> {
  if (blind !== true) return target.capture();
  const seen = await target.capture().catch(() => null);
  expect(seen?.snapshot ?? null).toBeNull();
  return seen;
}

function seenByTheProduct(before: Captured, after: Captured | null, leaves: readonly string[]): readonly string[] {
  if (before.snapshot === null || after === null || after.snapshot === null) return ['it saw nothing'];
  return diffSnapshots(before.snapshot, after.snapshot)
    .map(({ key, summary }) => `${key}: ${summary}`)
    .filter((line) => !leaves.some((name) => line.includes(name)));
}

/** No transaction that writes, no file that is another one. */
async function writesNothingTheSecondTime(
  ground: ProvingGround,
  before: Captured,
  change: Captured | null,
  { reported }: Mutation,
): Promise<void> {
  const look = async (): Promise<unknown> => [await ground.nextTransaction(), await fileIdentities(ground.cluster)];
  const first = await look();
  const again = await ground.revert(before, change);
  if (reported === undefined) expect(again.remaining).toEqual([]);
  expect(again.restarted).toBe(false);
  expect(await look()).toEqual(first);
}
