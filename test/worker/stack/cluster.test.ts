import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { type Cluster, type ClusterOptions, createCluster } from '../../../worker/stack/cluster.ts';
import { run } from '../../../worker/stack/run.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { script } from './script.ts';

const made: Cluster[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((cluster) => cluster.remove()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function aCluster(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await createCluster({ major: 17, ...options });
  made.push(cluster);
  return cluster;
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'knowngood-test-'));
  folders.push(folder);
  await run('chmod', ['755', folder]);
  return folder;
}

/** The first value of the first row. */
async function ask(connection: string | pg.ClientConfig, sql: string): Promise<unknown> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** A socket that leaves from `localAddress`; pg calls `connect(port, host)` on it. */
function from(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  socket.connect = ((port: number, host: string) => connect({ port, host, localAddress })) as typeof socket.connect;
  return socket;
}

const identity = 'select system_identifier::text from pg_control_system()';
const majors = process.env['KNOWNGOOD_TEST_FULL'] === undefined ? ([16, 17] as const) : ([14, 15, 16, 17, 18] as const);

describe('a throw-away cluster', () => {
  for (const major of majors) {
    it(`of PostgreSQL ${major} answers over TCP and goes without a trace`, async () => {
      const cluster = await createCluster({ major });
      expect(Math.floor(Number(await ask(cluster.url(), 'show server_version_num')) / 10_000)).toBe(major);
      await cluster.remove();
      expect(existsSync(dirname(cluster.dataDir))).toBe(false);
      expect(existsSync(cluster.socketDir)).toBe(false);
      expect(await processesWith(cluster.dataDir)).toEqual([]);
    });
  }

  it('keeps port and socket folder through a restart by its pg_ctl command, whatever postgresql.conf says', async () => {
    const cluster = await aCluster();
    await writeFile(join(cluster.dataDir, 'postgresql.conf'), "port = 1\nunix_socket_directories = '/nowhere'\n");
    const [command = '', ...args] = cluster.pgCtl('restart', '-m', 'fast', '-w');
    expect((await run(command, args)).code).toBe(0);
    expect(await ask(cluster.url(), 'show unix_socket_directories')).toBe(cluster.socketDir);
  });

  it('is reached from every address of 127.0.0.0/8, and sees it', async () => {
    const cluster = await aCluster();
    const connection = { connectionString: cluster.url(), stream: () => from('127.1.2.3') };
    expect(await ask(connection, 'select host(inet_client_addr())')).toBe('127.1.2.3');
  });

  it('asks the superuser for its password over TCP, trusts it on the socket, and lets nobody else in freely', async () => {
    const {
      url,
      port,
      socketDir: host,
    } = await aCluster().then((cluster) => ({
      url: (...args: Parameters<Cluster['url']>) => cluster.url(...args),
      port: cluster.port,
      socketDir: cluster.socketDir,
    }));
    await expect(ask(url('postgres', 'postgres', 'wrong'), 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await ask({ host, port, user: 'postgres', database: 'postgres' }, 'select current_user')).toBe('postgres');
    await ask(url(), "create role shop login password 'secret'");
    await expect(ask({ host, port, user: 'shop', database: 'postgres' }, 'select 1')).rejects.toThrow(/password/);
    await expect(ask(url('shop', 'postgres', 'secret'), 'select 1')).rejects.toMatchObject({ code: '28000' });
  });

  it('runs with the settings and the access rules that it is given, and with fsync on', async () => {
    const cluster = await aCluster({
      settings: { work_mem: '7MB', log_line_prefix: "it's " },
      hba: 'host all all 127.0.0.1/32 trust\n',
    });
    const url = cluster.url('postgres', 'postgres', 'unasked');
    expect(await ask(url, 'show work_mem')).toBe('7MB');
    expect(await ask(url, 'show log_line_prefix')).toBe("it's ");
    expect(await ask(url, 'show fsync')).toBe('on');
  });

  it('shares an identity with its like unless it asks for its own', async () => {
    const [one, two, own] = await Promise.all([aCluster(), aCluster(), aCluster({ ownIdentity: true })]);
    const [first, second, third] = await Promise.all([one, two, own].map((cluster) => ask(cluster.url(), identity)));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(own.password).not.toBe(one.password);
  });

  it('is not started when that is not wanted, and then starts', async () => {
    const cluster = await aCluster({ start: false });
    expect(await processesWith(cluster.dataDir)).toHaveLength(1); // its keeper
    await cluster.start();
    expect(await ask(cluster.url(), 'select 1')).toBe(1);
    await cluster.stop();
    await cluster.start();
    expect(await ask(cluster.url(), 'select 1')).toBe(1);
  });

  it('says why it did not start, and leaves nothing', async () => {
    const failing = createCluster({ major: 17, settings: { shared_preload_libraries: 'no_such_library' } });
    await expect(failing).rejects.toMatchObject({
      code: 'postgres-failed',
      detail: expect.stringMatching(/no_such_library/),
    });
    const error = (await failing.catch((thrown: Error) => thrown)) as Error;
    const dataDir = /in (\S+) did/.exec(error.message)?.[1] ?? '';
    expect(dataDir).not.toBe('');
    expect(existsSync(dirname(dataDir))).toBe(false);
  });

  it('ends with its starter that is killed, also when somebody restarted it in between', async () => {
    const starter = script(`
      const { createCluster } = await stack('cluster');
      const cluster = await createCluster({ major: 17 });
      console.log(cluster.dataDir);
      console.log(JSON.stringify(cluster.pgCtl('restart', '-m', 'fast', '-w')));
      setInterval(() => {}, 1000);
    `);
    const dataDir = await starter.line();
    const [command = '', ...args] = JSON.parse(await starter.line()) as string[];
    expect((await run(command, args)).code).toBe(0);
    starter.process.kill('SIGKILL');
    await eventually('the end of the server', async () => (await processesWith(dataDir)).length === 0);
    expect(existsSync(dirname(dataDir))).toBe(false);
  });
});

describe('a cluster in a given folder', () => {
  it('is opened again with its data, password and identity, and stays after its starter', async () => {
    const dataDir = join(await aFolder(), 'deep', 'store');
    const first = await createCluster({ major: 17, dataDir });
    await ask(first.url(), 'create table kept as select 42 as answer');
    const known = await ask(first.url(), identity);
    await first.stop();
    expect(existsSync(first.socketDir)).toBe(false);
    const second = await aCluster({ dataDir });
    expect(await ask(second.url(), 'select answer from kept')).toBe(42);
    expect(await ask(second.url(), identity)).toBe(known);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  it('shuts down cleanly when its starter is killed', async () => {
    const dataDir = join(await aFolder(), 'store');
    const starter = script(`
      const { createCluster } = await stack('cluster');
      const cluster = await createCluster({ major: 17, dataDir: ${JSON.stringify(dataDir)} });
      console.log('up'); setInterval(() => {}, 1000);
    `);
    await starter.line();
    starter.process.kill('SIGKILL');
    await eventually('the end of the server', async () => (await processesWith(dataDir)).length === 0);
    const second = await aCluster({ dataDir });
    const log = await run('cat', [second.logFile]);
    expect(log.output).not.toMatch(/not properly shut down/);
  });

  it('is refused while a server runs in it, which lives on', async () => {
    const dataDir = join(await aFolder(), 'store');
    const first = await aCluster({ dataDir });
    const late = script(`
      const { createCluster } = await stack('cluster');
      await createCluster({ major: 17, dataDir: ${JSON.stringify(dataDir)} }).catch((error) => console.log(error.code));
    `);
    expect(await late.line()).toBe('postgres-failed');
    expect(await late.exited).toBe(0);
    expect(await ask(first.url(), 'select 1')).toBe(1);
  });

  it('is refused to another major version', async () => {
    const dataDir = join(await aFolder(), 'store');
    const first = await createCluster({ major: 17, dataDir, start: false });
    await expect(createCluster({ major: 16, dataDir })).rejects.toThrow(/belongs to PostgreSQL 17, not 16/);
    await first.remove();
  });

  it('is refused where its user cannot enter', async () => {
    if (process.getuid?.() !== 0) return;
    const closed = await aFolder();
    await run('chmod', ['700', closed]);
    await expect(createCluster({ major: 17, dataDir: join(closed, 'store') })).rejects.toThrow(/is closed to user/);
  });
});
