/**
 * A rollout over real servers whose services suffer from it, one in each wave; then one that is aborted, and one that is
 * terminated, in mid-wave. Three servers here, twenty with KNOWNGOOD_TEST_FULL=1.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { furnish, nameOf } from '../../bench/load/places.ts';
import { hbaWithService } from '../../bench/load/service.ts';
import { loadAgentConfig, loadKnowngoodConfig } from '../../config/load.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { RolloutReport } from '../../domain/rollout/report.ts';
import { runAgent } from '../../worker/agent.ts';
import { runWorker } from '../../worker/orchestrator.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { startTemporal } from '../../worker/stack/temporal-server.ts';
import { command } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const count = full ? 20 : 3;
/** The second of each wave after the canary: 20 are 1 + 5 + 5 + 5 + 4. */
const size = full ? 5 : 2;
const suffers = (at: number): boolean => at >= 1 && (at - 1) % size === 1;
const failures = Array.from({ length: count }, (_, at) => at).filter(suffers).length;

const ends: (() => unknown)[] = [];
const clusters: Cluster[] = [];
let folder = '';
let yaml = '';
let people: HttpReceiver;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-rollout-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const temporal = await startTemporal({ ui: false });
  ends.push(temporal.stop);
  const store = await createCluster({ major: 17, settings: { max_connections: '200' } });
  ends.push(() => store.remove());
  const small = { shared_buffers: '8MB', max_connections: '30', max_wal_senders: '0', wal_level: 'minimal' };
  for (let at = 0; at < count; at += 1) {
    const cluster = await createCluster({ major: 17, settings: small, hba: hbaWithService });
    clusters.push(cluster);
    ends.push(() => cluster.remove());
  }
  people = await startHttpReceiver();
  ends.push(() => people.stop());
  const { address, namespace } = temporal;
  const connection = await Connection.connect({ address });
  ends.push(() => connection.close());
  client = new Client({ connection, namespace });
  const { knowngoodYaml, places } = await furnish(
    {
      folder,
      temporal: { address, namespace },
      store,
      switchboard: '',
      defaults: {
        soak: '2s',
        checks: { interval: '200ms', timeout: '2s', failures: 2, successes: 1 },
      },
      sections: {
        teams: { database: { notify: [{ webhook: { url: people.address } }] } },
        notifications: { allowPrivate: ['127.0.0.1'] },
      },
      labels: () => ({ tier: 'production' }),
      // It is harmed by the change below; the others are not.
      query: (at) => (suffers(at) ? "select 1 / (current_setting('work_mem') <> '8MB')::int" : 'select 1'),
    },
    clusters,
    count,
  );
  yaml = knowngoodYaml;
  for (const { agentYaml } of places) {
    const agent = await runAgent(await loadAgentConfig(agentYaml));
    ends.push(() => agent.stop());
  }
  const worker = await runWorker(await loadKnowngoodConfig(knowngoodYaml));
  ends.push(() => worker.stop());
}, 300_000);

afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
}, 120_000);

const workMem = (cluster: Cluster): Promise<unknown> => first(cluster, 'show work_mem');

/** The first value of the first row. */
async function first(cluster: Cluster | undefined, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: cluster?.url() });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

const filesOf = ({ dataDir }: Cluster): string =>
  ['postgresql.conf', 'pg_hba.conf']
    .map((name) =>
      createHash('sha256')
        .update(readFileSync(join(dataDir, name)))
        .digest('hex'),
    )
    .join(' ');

describe(`a rollout over ${count} real servers`, () => {
  it('is refused as a whole when one of them cannot have it, with every reason, and touches nothing', async () => {
    const file = join(folder, 'wrong.yaml');
    const wrong = { targets: { labels: 'tier=production' }, change: { settings: { no_such_setting: '1' } } };
    writeFileSync(file, JSON.stringify(wrong));
    const { code, err } = await command('rollout', file, '--config', yaml);
    expect({ code, err }).toMatchObject({
      code: 13,
      err: expect.stringMatching(/t000: .*no_such_setting[^]*t001: .*no_such_setting/),
    });
    expect((await command('status', '--all', '--config', yaml)).out).toBe('no changes');
  });

  it('goes on within its budget, is halted by one failure more, and every server is as it was', async () => {
    const before = clusters.map(filesOf);
    const rolloutId = `real-${randomBytes(3).toString('hex')}`;
    const file = join(folder, 'rollout.yaml');
    writeFileSync(
      file,
      `rollout: ${rolloutId}
reason: sorts that spill
targets: { labels: tier=production }
waves: { size: ${size} }
budget: { reverts: ${failures - 1}, redDependents: ${failures - 1} }
change:
  settings: { work_mem: 8MB }
  hba:
    - { add: 'host all reporting 10.9.0.0/16 scram-sha-256' }
`,
    );
    const { code, json, err } = await command('rollout', file, '--config', yaml, '--json');
    expect({ code, err: code === 10 ? '' : err }).toEqual({ code: 10, err: '' });
    const result = json() as { outcome: string; targets: { target: string; state: string; why: string }[] };
    expect(result.outcome).toBe('undone');
    result.targets.forEach(({ target, state, why }, at) => {
      expect(target).toBe(nameOf(at));
      // One whose wave was halted before its end was aborted, or never begun.
      if (suffers(at)) expect({ target, state, why }).toMatchObject({ state: 'reverted' });
      else if (at < count - size) expect({ target, state, why }).toMatchObject({ state: 'undone' });
    });
    expect(await Promise.all(clusters.map(workMem))).toEqual(clusters.map(() => '4MB'));
    expect(clusters.map(filesOf)).toEqual(before);

    const report = (await command('rollout', 'report', rolloutId, '--config', yaml, '--json')).json()[
      'report'
    ] as RolloutReport;
    expect(report).toMatchObject({ rolloutId, outcome: 'undone', reason: 'sorts that spill' });
    expect(report.halt).toMatch(new RegExp(`^${failures} reverted, at most ${failures - 1} may be`));
    const undone = report.targets.filter(({ undo, change }) => undo !== null && change?.outcome === 'kept');
    expect(undone.length).toBeGreaterThan(0);
    const told = people.received.filter(({ json }) => json?.data?.target === 'fleet').map(({ json }) => json.data);
    expect(told.map(({ event, changeId }) => `${event} ${changeId}`)).toEqual(
      ['armed', 'reverting', 'reverted'].map((event) => `${event} ${rolloutId}`),
    );
    const markdown = await command('rollout', 'report', rolloutId, '--config', yaml);
    expect(markdown.out).toContain(`# Rollout ${rolloutId}: undone`);
    const status = await command('rollout', 'status', rolloutId, '--config', yaml);
    expect(status.out).toMatch(/wave 2 of \d+: .*reverted/);
  }, 300_000);

  /** Until the first of the wave after the canary has the change, which harms nobody. */
  async function inMidWave() {
    const rolloutId = `real-${randomBytes(3).toString('hex')}`;
    const file = join(folder, `${rolloutId}.yaml`);
    const targets = { labels: 'tier=production' };
    const hba = [{ add: 'host all reporting 10.9.0.0/16 scram-sha-256' }];
    const change = { settings: { work_mem: '5MB' }, hba };
    writeFileSync(
      file,
      JSON.stringify({ rollout: rolloutId, targets, waves: { size }, change, overrides: { soak: '5s' } }),
    );
    const ended = command('rollout', file, '--config', yaml, '--json');
    const [, second] = clusters;
    await eventually(
      'it is in mid-wave',
      async () => second !== undefined && (await workMem(second)) === '5MB',
      60_000,
    );
    return { rolloutId, ended };
  }

  it('is aborted by an operator in mid-wave: every server is as it was, and what somebody else has edited since stays', async () => {
    const before = clusters.map(filesOf);
    const rules = join(clusters[0]?.dataDir ?? '', 'pg_hba.conf');
    const text = readFileSync(rules, 'utf8');
    const { rolloutId, ended } = await inMidWave();
    writeFileSync(rules, `# somebody else\n${readFileSync(rules, 'utf8')}`);
    await first(clusters[0], 'select pg_reload_conf()');
    const said = await command('rollout', 'abort', rolloutId, '--reason', 'customers complain', '--config', yaml);
    expect(said.code).toBe(0);
    const { code, json } = await ended;
    const result = json() as { outcome: string; targets: { state: string; why: string }[] };
    expect({ code, ...result }).toMatchObject({ code: 10, outcome: 'undone' });
    const states = result.targets.map(({ state }) => state);
    expect(states.slice(0, 2)).toEqual(['undone', 'reverted']);
    for (const state of states.slice(2, 1 + size)) expect(state).toMatch(/^(reverted|untouched)$/);
    expect(states.slice(1 + size).every((state) => state === 'waiting')).toBe(true);
    expect(await Promise.all(clusters.map(workMem))).toEqual(clusters.map(() => '4MB'));
    expect(readFileSync(rules, 'utf8')).toBe(`# somebody else\n${text}`);
    writeFileSync(rules, text);
    await first(clusters[0], 'select pg_reload_conf()');
    expect(clusters.map(filesOf)).toEqual(before);
  }, 120_000);

  it('whose parent is terminated in mid-wave begins nothing more, and what is open ends by its own rules', async () => {
    const { rolloutId, ended } = await inMidWave();
    await client.workflow.getHandle(`knowngood-rollout:${rolloutId}`).terminate('a test');
    expect((await ended).code).not.toBe(0);
    const changes = clusters.slice(0, 1 + size).map((_, at) => workflowIdOf(nameOf(at), rolloutId));
    for (const id of changes)
      expect(await client.workflow.getHandle(id).result()).toMatchObject({ outcome: 'kept', reason: 'soak-healthy' });
    expect(await Promise.all(clusters.map(workMem))).toEqual(clusters.map((_, at) => (at <= size ? '5MB' : '4MB')));
    const begun = await client.workflow.count(`WorkflowType = 'guardedChange' AND ExecutionStatus = 'Running'`);
    expect(begun.count).toBe(0);
  }, 120_000);
});
