/** `up` starts what is missing, serves a guarded change, and leaves nothing running. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makePayloadKey } from '../../worker/payload-key.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { startCommand, startProcess } from '../support/cli.ts';
import { eventually, processesWith } from '../support/processes.ts';
import { freePort } from '../support/rig.ts';

let target: Cluster;
let folder: string;
let env: NodeJS.ProcessEnv;
let config: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-up-'));
  // As root, PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o755);
  env = { KNOWNGOOD_DATA: join(folder, 'data') };
  config = join(folder, 'knowngood.yaml');
  target = await createCluster({ major: 17 });
  writeFileSync(join(folder, 'password'), target.password);
  await makePayloadKey(join(folder, 'payload.key'));
  const password = `'\${file:${folder}/password}'`;
  writeFileSync(
    config,
    `
defaults: { soak: 1s, lease: 30s, checks: { interval: 200ms, timeout: 2s, successes: 2 } }
targets:
  mine: { connection: 'postgresql://postgres@127.0.0.1:${target.port}/postgres', password: ${password} }
dependents:
  app: { uses: mine, checks: { login: { sql: { as: postgres, password: ${password} } } } }
temporal: { address: '127.0.0.1:${await freePort()}', encryption: { keys: ['\${file:${folder}/payload.key}'] } }
`,
  );
}, 60_000);

afterAll(async () => {
  await target?.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('from a configuration that names only a local target and a key, to a kept change and its report', async () => {
  const up = startProcess(['up', '--config', config], env);
  try {
    // The first run on a machine builds Temporal and its Web UI.
    const runs = eventually('everything runs', async () => up.out().includes('Ctrl-C ends all of it'), 200_000);
    const ended = up.done.then(({ err }) => Promise.reject(new Error(err)));
    await Promise.race([runs, ended]);
    ended.catch(() => undefined);
    expect(up.out()).toMatch(
      /^temporal +127\.0\.0\.1:\d+\nweb ui +http:\/\/127\.0\.0\.1:\d+\ncodec +http:\/\/127\.0\.0\.1:\d+\nstore +postgresql:[^]*\nagents +mine\n/,
    );
    const run = async (...args: string[]) => startCommand(['--config', config, ...args], env).done;
    const again = await run('up');
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toMatch('runs already');
    const guarded = await run('guard', 'mine', '--change-id', 'first', '--json', '--', 'true');
    expect(guarded).toMatchObject({ code: 0 });
    const report = await run('report', 'mine');
    expect(report.out).toContain('first');
    const evidence = join(folder, 'evidence.json');
    expect(await run('report', 'mine', '--evidence', evidence)).toMatchObject({ code: 0, out: '' });
    const verified = await run('report', 'verify', evidence);
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('valid: mine:first, kept') });
    expect(verified.out).toContain('who signed it is not proven');
    const key = await run('report', 'key');
    const [, fingerprint = ''] = /fingerprint (\S+)/.exec(key.err) ?? [];
    const pinned = await run('report', 'verify', evidence, '--key', fingerprint);
    expect(pinned).toMatchObject({ code: 0, out: expect.stringContaining('signed by the given key') });
    const status = await run('status', 'mine');
    expect(status.out).toMatch(/kept/);
    // Whoever is on the same machine needs no configuration to look.
    expect((await startCommand(['status', '--all'], env).done).out).toContain('mine:first');
    // An agent.yaml as `init` writes it names no store: the one that runs here is its own.
    const agent = join(folder, 'agent.yaml');
    const connection = `postgresql://postgres@127.0.0.1:${target.port}/postgres`;
    writeFileSync(agent, `{ target: mine, connection: '${connection}', password: '\${file:${folder}/password}' }`);
    const doctor = await run('doctor', '--agent-config', agent);
    expect(doctor).toMatchObject({ code: 0, out: expect.stringContaining('uses the one of "knowngood up"') });
  } finally {
    up.signal('SIGINT');
    expect((await up.done).code).toBe(0);
  }
  await eventually('nothing is left', async () => (await processesWith(folder)).length === 0);
}, 240_000);
