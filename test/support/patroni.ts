/**
 * A real Patroni cluster on this host: three members over real PostgreSQL, their own Raft as the DCS.
 *
 * Patroni comes from PyPI, once into the cache. PostgreSQL must have pg_basebackup and pg_controldata, which the npm packages
 * leave out: Debian's package has them, or the folder that KNOWNGOOD_PATRONI_PG_BIN names.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { stringify } from 'yaml';
import { type Kept, type ServerKeeper, keep, keepServer } from '../../worker/stack/keeper.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { systemUser } from '../../worker/stack/postgres-binaries.ts';
import { pythonLibrary } from './python.ts';

const packages = ['patroni[raft]==4.1.5', 'pysyncobj==0.3.17', 'psycopg[binary]==3.3.9'];

export const login = { username: 'knowngood', password: 'of the REST API' };
export const superuserPassword = 'of the superuser';

export interface PatroniOptions {
  /** Of the REST APIs, where somebody must know them beforehand. Default: free ones. */
  readonly apiPorts?: readonly number[];
  /** Default: one that all tests know. */
  readonly password?: string;
}

export interface PatroniMember {
  readonly name: string;
  readonly api: string;
  readonly port: number;
  readonly dataDir: string;
  readonly logFile: string;
  /** Starts Patroni, which starts PostgreSQL. */
  start(): Promise<void>;
  /** Patroni and PostgreSQL end at once, as when the host dies. */
  crash(): Promise<void>;
  /** Patroni alone, by SIGKILL: its server runs on unattended. */
  crashPatroni(): Promise<void>;
  /** Merged into its own patroni.yml; loaded at its next start. */
  configure(own: object): Promise<void>;
}

export interface PatroniCluster {
  readonly members: readonly PatroniMember[];
  readonly endpoints: readonly string[];
  leader(): Promise<PatroniMember>;
  /** Until every member runs, one leads, the others stream, and nobody waits for a restart. */
  settled(): Promise<void>;
  query<T extends pg.QueryResultRow>(member: PatroniMember, sql: string, as?: Login): Promise<T[]>;
  /** As a person with patronictl: PATCH /config. */
  patch(body: object): Promise<void>;
  config(): Promise<Record<string, any>>;
  close(): Promise<void>;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export const rules = [
  'local all all trust',
  'host replication replicator 127.0.0.0/8 scram-sha-256',
  'host all postgres 127.0.0.0/8 scram-sha-256',
  'host shop image_svc 127.0.0.0/8 scram-sha-256',
];

export async function startPatroni(options: PatroniOptions = {}): Promise<PatroniCluster> {
  const { apiPorts = await freePorts(3), password = superuserPassword } = options;
  const superuser: Login = { user: 'postgres', password, database: 'postgres' };
  const [library, bin] = await Promise.all([pythonLibrary('patroni', packages), postgresBin()]);
  const user = systemUser();
  const home = await realpath(await mkdtemp(join(tmpdir(), 'knowngood-patroni-')));
  await chmod(home, 0o755);
  const [ports, rafts] = [await freePorts(3), await freePorts(3)];
  const own = async (path: string): Promise<void> => {
    if (user !== null) await chown(path, user.uid, user.gid);
  };
  const keepers: ServerKeeper[] = [];
  const members = await Promise.all(
    [0, 1, 2].map(async (at): Promise<PatroniMember> => {
      const name = `node${at + 1}`;
      const [api = 0, port = 0] = [apiPorts[at], ports[at]];
      const folder = join(home, name);
      const dataDir = join(folder, 'data');
      const file = join(folder, 'patroni.yml');
      const logFile = join(folder, 'patroni.log');
      await mkdir(folder);
      await own(folder);
      await mkdir(join(folder, 'raft'));
      await own(join(folder, 'raft'));
      const base = {
        scope: 'shop',
        name,
        restapi: { listen: `127.0.0.1:${api}`, connect_address: `127.0.0.1:${api}`, authentication: login },
        raft: {
          data_dir: join(folder, 'raft'),
          self_addr: `127.0.0.1:${rafts[at]}`,
          partner_addrs: rafts.filter((_, other) => other !== at).map((raft) => `127.0.0.1:${raft}`),
        },
        bootstrap: {
          // The shortest that Patroni takes.
          dcs: {
            ttl: 20,
            loop_wait: 1,
            retry_timeout: 3,
            postgresql: {
              use_pg_rewind: true,
              parameters: { max_connections: 100, work_mem: '4MB', fsync: 'off' },
              pg_hba: rules,
            },
          },
          initdb: [{ encoding: 'UTF8' }, 'data-checksums', { 'auth-host': 'scram-sha-256' }],
        },
        postgresql: {
          listen: `127.0.0.1:${port}`,
          connect_address: `127.0.0.1:${port}`,
          data_dir: dataDir,
          bin_dir: bin,
          pgpass: join(folder, 'pgpass'),
          authentication: {
            superuser: { username: 'postgres', password },
            replication: { username: 'replicator', password: 'of the replicator' },
          },
          parameters: { unix_socket_directories: folder },
        },
      };
      let kept: Kept | null = null;
      let local: object = base;
      const write = async (): Promise<void> => {
        await writeFile(file, stringify(local));
        await own(file);
      };
      await write();
      // What is thrown away goes even when this process is killed.
      keepers.push(await keepServer({ dataDir, signal: 'QUIT', thenRemove: [folder] }));
      return {
        name,
        api: `http://127.0.0.1:${api}`,
        port,
        dataDir,
        logFile,
        async start() {
          const env = { PATH: `${bin}:/usr/bin:/bin`, PYTHONPATH: library, HOME: folder, LC_ALL: 'C.UTF-8' };
          kept = await keep('python3', ['-m', 'patroni', file], { user, env, logFile, cwd: folder });
        },
        async crash() {
          const server = await postmaster(dataDir);
          await killGroup(kept);
          kept = null;
          if (server !== null) kill(server);
        },
        async crashPatroni() {
          await killGroup(kept);
          kept = null;
        },
        async configure(more) {
          local = merged(base, more);
          await write();
        },
      };
    }),
  );

  const cluster: PatroniCluster = {
    members,
    endpoints: members.map(({ api }) => api),
    async leader() {
      return until('a leader', async () => {
        const seen = await clusterOf(members);
        return members.find(({ name }) => seen?.some((one) => one.name === name && one.role === 'leader')) ?? null;
      });
    },
    async settled() {
      await until('three members that run', async () => {
        const seen = (await clusterOf(members)) ?? [];
        const well = seen.filter(({ role, state, pending_restart: waits }) =>
          waits ? false : role === 'leader' ? state === 'running' : state === 'streaming',
        );
        if (well.length < 3 || !well.some(({ role }) => role === 'leader')) return null;
        // What the DCS says of one that was killed it says for some seconds more.
        const own = await Promise.all(members.map(({ api }) => fetch(`${api}/health`).catch(() => null)));
        return own.every((answer) => answer?.ok === true) ? well : null;
      });
    },
    async query<T extends pg.QueryResultRow>({ port }: PatroniMember, sql: string, as = superuser) {
      const client = new pg.Client({ host: '127.0.0.1', port, ...as });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<T>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async patch(body) {
      const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
      for (const { api } of members) {
        const answer = await fetch(`${api}/config`, {
          method: 'PATCH',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }).catch(() => null);
        if (answer?.status === 200) return;
      }
      throw new Error('nobody took the PATCH');
    },
    async config() {
      return until('the configuration', async () => {
        for (const { api } of members) {
          const answer = await fetch(`${api}/config`).catch(() => null);
          if (answer?.status === 200) return (await answer.json()) as Record<string, unknown>;
        }
        return null;
      });
    },
    async close() {
      await Promise.all(members.map((member) => member.crash()));
      await Promise.all(keepers.map((keeper) => keeper.dismiss()));
      await rm(home, { recursive: true, force: true });
    },
  };
  try {
    // Raft elects nobody before most of them are there.
    await Promise.all(members.map((member) => member.start()));
    await cluster.settled();
    return cluster;
  } catch (error) {
    const log = await readFile(members[0]?.logFile ?? '', 'utf8').catch(() => '');
    await cluster.close();
    throw new Error(`Patroni did not start:\n${log.slice(-4_000)}`, { cause: error });
  }
}

export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}

/** The address that services use: leads to whoever says that it is the primary, as a load balancer before a cluster does. */
export async function followPrimary(
  members: readonly PatroniMember[],
  port: number,
): Promise<{ close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client.on('error', () => undefined).on('close', () => open.delete(client)));
    const answers = members.map(async (member) =>
      (await fetch(`${member.api}/primary`)).ok ? member.port : Promise.reject(new Error(member.name)),
    );
    Promise.any(answers).then(
      (at) => {
        const upstream = connect(at, '127.0.0.1').on('error', () => client.destroy());
        client.on('close', () => upstream.destroy());
        client.pipe(upstream).pipe(client);
      },
      () => client.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface SeenMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly pending_restart?: boolean;
}

async function clusterOf(members: readonly PatroniMember[]): Promise<readonly SeenMember[] | null> {
  for (const { api } of members) {
    const answer = await fetch(`${api}/cluster`).catch(() => null);
    if (answer?.status === 200) return ((await answer.json()) as { members: SeenMember[] }).members;
  }
  return null;
}

/** Patroni takes its time; a minute and a half of it is a failure. */
export async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const late = Date.now() + 90_000; ; await sleep(200)) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() >= late) throw new Error(`${what}: not seen in time`);
  }
}

async function postgresBin(): Promise<string> {
  const named = process.env['KNOWNGOOD_PATRONI_PG_BIN'];
  const folders =
    named === undefined ? [18, 17, 16, 15, 14].map((major) => `/usr/lib/postgresql/${major}/bin`) : [named];
  const found = folders.find((folder) => existsSync(join(folder, 'pg_basebackup')));
  if (found !== undefined) return found;
  throw new Error('no PostgreSQL with pg_basebackup: install the postgresql package, or set KNOWNGOOD_PATRONI_PG_BIN');
}

async function postmaster(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return pid > 0 ? pid : null;
}

/** The keeper leads the group that Patroni is in; its server has left it. */
async function killGroup(kept: Kept | null): Promise<void> {
  if (kept === null) return;
  kill(-kept.pid);
  await kept.exited;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function merged(base: object, more: object): object {
  const isTree = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const tree: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const was = tree[key];
    tree[key] = isTree(was) && isTree(value) ? merged(was, value) : value;
  }
  return tree;
}
