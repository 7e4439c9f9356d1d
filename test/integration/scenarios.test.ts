/** Every scenario of the demo, on real parts through the real command line: how it ends, and what is left of the server. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { target } from '../../demo/config-files.ts';
import { differences } from '../../demo/configuration.ts';
import { surprises } from '../../demo/judge.ts';
import { runScenario, type ScenarioRun } from '../../demo/scenario-run.ts';
import { scenarioNames, scenarios, type ScenarioName } from '../../demo/scenarios.ts';
import { setStage, type Stage } from '../../demo/stage.ts';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { startTemporal, type TemporalStack } from '../../worker/stack/temporal-server.ts';

// Its own server: other test files have workers on the orchestrator's queue, with other configuration files.
let temporal: TemporalStack;
let stage: Stage | null = null;
const said: string[] = [];

beforeAll(async () => {
  temporal = await startTemporal({ ui: false });
}, 60_000);
afterAll(() => temporal?.stop());
afterEach(async () => {
  await stage?.close();
  stage = null;
});

async function play(scenario: ScenarioName): Promise<{ run: ScenarioRun; on: Stage }> {
  said.length = 0;
  const progress = (line: string): void => void said.push(line);
  const { signal } = new AbortController();
  const { variant, newEngine = false } = scenarios[scenario];
  stage = await setStage({ variant, newEngine, temporal, progress, signal });
  const run = await runScenario({ stage, scenario, progress, signal });
  const found = surprises(scenarios[scenario], run);
  if (found.length > 0)
    throw new Error([...found, ...said, JSON.stringify(run.result, null, 2), stage.logs()].join('\n'));
  return { run, on: stage };
}

/** What else makes this scenario the one it claims to be. */
const shoppersSaw: Partial<Record<ScenarioName, (run: ScenarioRun) => void>> = {
  outage: ({ saw, result }) => {
    const [because] = result.attribution ?? [];
    expect(because?.checks).toContain('image-service/login');
    expect(because?.sentences.join()).toMatch(
      /image_svc to shop from 127\.0\.2\.\d+ .*lost access; the rule host shop image_svc .* \(pg_hba\.conf:\d+\) is gone/,
    );
    expect(because?.items).toEqual([expect.stringMatching(/^file:.*pg_hba\.conf$/)]);
    expect(saw.brokenImages).toBeGreaterThan(0);
    expect(saw.hiddenByCdn).toBeGreaterThan(0);
  },
  // The open connections of the pool never asked for access again: nobody but a new connection could notice.
  'slow-burn': ({ saw }) => expect(saw).toMatchObject({ brokenImages: 0, brokenPages: 0 }),
  // Nothing but SQL was written, and privileges count at once for connections that are open.
  grants: ({ result, saw }) => {
    expect(result.commandExitCode).toBe(0);
    expect(saw.brokenImages).toBeGreaterThan(0);
    expect(saw.brokenPages).toBe(0);
  },
  pipeline: ({ result }) => expect(result.commandExitCode).toBe(0),
  'engine-upgrade': ({ saw, majors, adapted }) => {
    expect(saw.brokenImages).toBeGreaterThan(0);
    expect({ majors, adapted }).toEqual({ majors: { before: '16', after: '17' }, adapted: ['postgresql.conf'] });
  },
};

const reverting = scenarioNames.filter((name) => scenarios[name].expect.outcome === 'reverted');

describe('a scenario that harms a dependent', () => {
  for (const scenario of reverting) {
    it(`${scenario}: ends with every file as before in bytes, mode and owner, and recovered dependents`, async () => {
      const { run, on } = await play(scenario);
      expect(differences(run.before, run.after)).toEqual([]);
      expect(run.shopWorks).toEqual({ page: true, freshImage: true });
      expect(run.result).toMatchObject({ outcome: 'reverted', dependents: 'recovered', problems: [], conflicts: [] });
      expect(await runningSettings(on)).toMatchObject({
        major: scenario === 'engine-upgrade' ? '17' : expect.any(String),
        max_connections: '80',
        work_mem: '8MB',
        random_page_cost: '1.1',
      });
      const report = await inStore(on, (store) => store.report(target, run.result.changeId));
      expect(report?.html).toContain(scenario === 'engine-upgrade' ? 'is carried over to 17.' : '<html');
      shoppersSaw[scenario]?.(run);
    }, 90_000);
  }
});

describe('a scenario that harms nobody', () => {
  it('healthy: is kept after the soak, and its snapshot becomes the known-good one', async () => {
    const { run, on } = await play('healthy');
    expect(differences(run.before, run.after)).toEqual(['pg_hba.conf', 'postgresql.conf']);
    expect(await runningSettings(on)).toMatchObject({ max_connections: '100', work_mem: '4MB', random_page_cost: '4' });
    const knownGood = await inStore(on, (store) => store.knownGood(target));
    expect(knownGood?.id).toBe(run.result.snapshots.after);
    expect(knownGood?.changeId).toBe(run.result.changeId);
    expect(run.result.snapshots.after).not.toBe(run.result.snapshots.before);
  }, 90_000);
});

describe('a scenario that is seen beforehand', () => {
  it('preflight: is refused before anything is written, by the line that is not there', async () => {
    const { run } = await play('preflight');
    expect(differences(run.before, run.after)).toEqual([]);
    expect(run.saw).toMatchObject({ brokenImages: 0, brokenPages: 0 });
    const said = run.result.problems.map(({ message }) => message).join('\n');
    expect(said).toMatch(
      /image_svc to shop from 127\.0\.2\.\d+ \(image-service, seen .*\): the rule host shop image_svc .* is gone; no rule of pg_hba\.conf is for user/,
    );
    expect(run.result.moments.armed).toBeNull();
  }, 90_000);
});

/** As a new session has them: what runs, not what stands in a file. */
async function runningSettings({ adminUrl }: Stage): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(
      `select current_setting('max_connections') max_connections, current_setting('work_mem') work_mem,
              current_setting('random_page_cost') random_page_cost,
              split_part(current_setting('server_version'), '.', 1) major`,
    );
    return rows[0] ?? {};
  } finally {
    await client.end();
  }
}

async function inStore<T>({ store: { connection, password } }: Stage, read: (store: Store) => Promise<T>): Promise<T> {
  const store = await createStore({ database: { connection, password: null }, password });
  try {
    return await read(store);
  } finally {
    await store.close();
  }
}
