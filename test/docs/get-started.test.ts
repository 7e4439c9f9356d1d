/** docs/get-started.md, done: its commands in a shell, in their order, on the demo's shop and on a server of one's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { eventually } from '../support/processes.ts';
import { freePort } from '../support/rig.ts';
import { type Ran, programsIn, shell } from './house.ts';
import { commandsOf, isCommands, readPage } from './pages.ts';

const page = readPage('docs/get-started.md');
const commands = page.blocks.filter(isCommands).flatMap(commandsOf);
/** What the tests have run when they begin. */
const done = ['npm run build'];
const ran = new Set<string>(done);

let folder = '';
let env: NodeJS.ProcessEnv = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-start-'));
  // As root, PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o755);
  env = {
    HOME: folder,
    PATH: [programsIn(folder), process.env['PATH']].join(delimiter),
    KNOWNGOOD_DATA: join(folder, 'data'),
    // What was built once is not built again for another home.
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command of the page that begins so, with what stands for something replaced. */
function command(beginning: string, fill: Readonly<Record<string, string>> = {}): string {
  const found = commands.find((one) => one.startsWith(beginning));
  if (found === undefined) throw new Error(`the page has no command ${beginning}`);
  ran.add(found);
  return Object.entries(fill).reduce((text, [word, by]) => text.replaceAll(word, by), found);
}

interface Staying {
  readonly said: () => string;
  stop(): Promise<void>;
}

/** Until Ctrl-C, which reaches all that it has started, as in a terminal. */
async function staying(line: string, cwd: string, more: NodeJS.ProcessEnv, until: RegExp): Promise<Staying> {
  const child: ChildProcess = spawn('sh', ['-c', line], {
    cwd,
    env: { ...process.env, ...more },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += String(text)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await ended;
  };
  const early = ended.then(() => Promise.reject(new Error(said)));
  early.catch(() => undefined);
  try {
    await Promise.race([eventually('it stays', async () => until.test(said), 240_000), early]);
  } catch (error) {
    await stop();
    throw new Error(said, { cause: error });
  }
  return { said: () => said, stop };
}

describe('on the shop of the demo', () => {
  let demo: Staying;
  let shop = '';
  beforeAll(async () => {
    const line = command('npm run demo');
    demo = await staying(line, packageRoot, {}, /Everything stays up until Ctrl-C[^]*once more/);
    shop = /yaml files +(\S+)/.exec(demo.said())?.[1] ?? '';
  }, 260_000);
  afterAll(() => demo?.stop(), 60_000);
  const type = (beginning: string): Promise<Ran> => {
    const set = command('SHOP=').replace(/=.*/, `=${shop}`);
    return shell(`${set}\n${command(beginning)}`, folder, env);
  };

  it('shows the upgrade that was kept', async () => {
    expect(await type('npx knowngood status --all')).toMatchObject({ code: 0, said: expect.stringMatching(/kept/) });
  });

  it('keeps a change that is good', async () => {
    writeFileSync(join(folder, 'work-mem.yaml'), page.blocks.find(({ language }) => language === 'yaml')?.text ?? '');
    const plan = await type('npx knowngood plan work-mem.yaml');
    expect(plan).toMatchObject({ code: 0, said: expect.stringContaining('work_mem') });
    const kept = await type('npx knowngood apply work-mem.yaml');
    expect(kept).toMatchObject({ code: 0, said: expect.stringMatching(/kept/) });
  }, 120_000);

  it('refuses a change that would hurt, takes it back when somebody insists, and reports', async () => {
    const plan = await type('npx knowngood plan $SHOP/change.yaml');
    expect(plan).toMatchObject({ code: 13, said: expect.stringMatching(/LOSES ACCESS[^]*image_svc/) });
    const reverted = await type('npx knowngood apply $SHOP/change.yaml --allow-access-loss');
    expect(reverted).toMatchObject({ code: 10, said: expect.stringMatching(/reverted/) });
    expect(await type('npx knowngood report shop-db')).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('image_svc');
  }, 120_000);
});

describe('on a server of one’s own', () => {
  let target: Cluster;
  let up: Staying;
  const file = (name: string): string => join(folder, name);
  const type = (beginning: string, fill: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    shell(command(beginning, fill), folder, env);

  beforeAll(async () => {
    target = await createCluster({
      major: 17,
      hba: 'local all postgres trust\nhost all postgres 127.0.0.1/32 scram-sha-256\nhost shop image_svc 127.0.0.1/32 trust\nhost shop image_svc 10.2.0.0/16 scram-sha-256\n',
    });
    const sql = new pg.Client({ connectionString: target.url() });
    await sql.connect();
    await sql.query('create role image_svc login');
    await sql.query('create database shop');
    await sql.end();
    env = { ...env, PGPASSWORD: target.password, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
  }, 60_000);
  afterAll(async () => {
    await up?.stop();
    await target?.remove();
  }, 60_000);

  it('has two files written, which are then completed as the page says', async () => {
    const localhost = { 'postgres@localhost/': `postgres@127.0.0.1:${target.port}/` };
    const init = await type('npx knowngood init', localhost);
    expect(init).toMatchObject({ code: 0 });
    const yaml = readFileSync(file('knowngood.yaml'), 'utf8')
      .replace(/^ *# checks:\n[^]*?level: required$/gm, (check) => check.replace(/^( *)# /gm, '$1'))
      .replace('/run/secrets/image_svc', file('image_svc'))
      .replace('high: 1', 'high: 0')
      .replace('soak: 10m', 'soak: 30s');
    writeFileSync(file('image_svc'), 'not asked for');
    writeFileSync(file('knowngood.yaml'), yaml);
    // Of a machine that others use, too.
    const agent = readFileSync(file('agent.yaml'), 'utf8').replace('/var/lib/knowngood/shop-db', file('state'));
    writeFileSync(file('agent.yaml'), agent);
  }, 30_000);

  it('starts what is missing', async () => {
    up = await staying(command('npx knowngood up'), folder, env, /Ctrl-C ends all of it/);
    const doctor = await type('npx knowngood doctor');
    expect(doctor).toMatchObject({ code: 0, said: expect.stringContaining('shop-db') });
  }, 260_000);

  it('guards the command that one would have run anyway', async () => {
    const script = `#!/bin/sh\necho "work_mem = '8MB'" >>'${target.dataDir}/postgresql.conf'\n${target.pgCtl('reload').join(' ')}\n`;
    writeFileSync(file('upgrade'), script, { mode: 0o755 });
    const guard = await type('npx knowngood guard', { '/usr/local/sbin/upgrade-shop-db': file('upgrade') });
    expect(guard).toMatchObject({ code: 0, said: expect.stringMatching(/kept/) });
  }, 120_000);

  it('makes a declared change', async () => {
    copyFileSync(join(packageRoot, 'examples', 'change.yaml'), file('change.yaml'));
    expect(await type('npx knowngood plan change.yaml')).toMatchObject({ code: 0 });
    expect(await type('npx knowngood apply change.yaml')).toMatchObject({ code: 0 });
  }, 120_000);

  it('has a way back on the host alone', async () => {
    const show = await type('npx knowngood rescue shop-db --show');
    expect(show).toMatchObject({ code: 0, said: expect.stringContaining('no open change') });
    expect(await type('npx knowngood rescue shop-db --revert')).toMatchObject({ code: 0 });
  }, 60_000);
});

it('and that is all that the page says to type', () => {
  expect([...ran].sort()).toEqual([...new Set(commands)].sort());
});
