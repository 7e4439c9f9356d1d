/** What it costs a server with 500 open sessions to be looked at every five seconds, beside the plain join of the two views. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Socket } from 'node:net';
import pg from 'pg';
import { createAggregator } from '../../domain/access/observed.ts';
import { createPostgresTarget } from '../../targets/postgres/target.ts';
import type { Target } from '../../targets/target.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import type { Figure } from '../figure.ts';
import { cpuSeconds } from '../load/process-cost.ts';
import type { BenchOptions } from '../options.ts';

const sessions = 500;
/** Services with a role each, and the hosts that each comes from: a hundred principals. */
const [services, hosts] = [20, 5];
const intervalMs = 5_000;
const goalPercent = 0.1;

/**
 * All sessions are younger than a minute here, so every look is told every pid: more than a look at a pool costs.
 * Linux counts in steps of 10 ms: enough looks that one step is nothing.
 */
const looks = 500;

/** Between two looks, so that not each finds the processor's caches as the last one left them. */
const pauseMs = 10;

/** As a person would write it. */
const plainQuery = `
  select a.pid, a.usename, a.datname, host(a.client_addr), s.ssl, a.backend_type, a.application_name, a.backend_start
  from pg_stat_activity a left join pg_stat_ssl s using (pid) where a.backend_type in ('client backend', 'walsender')`;

export async function sampler({ progress }: Pick<BenchOptions, 'progress'>): Promise<readonly Figure[]> {
  const settings = { max_connections: String(sessions + 20) };
  const hba = 'local all all trust\nhost all all 127.0.0.0/8 trust\n';
  const cluster = await createCluster({ major: 17, settings, hba });
  const clients: pg.Client[] = [];
  const target = createPostgresTarget({
    database: { connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`, password: null },
    password: cluster.password,
    key: randomBytes(32),
    restart: null,
  });
  try {
    progress(`opening ${sessions} sessions`);
    await makeRoles(cluster);
    for (let opened = 0; opened < sessions; opened += 1) clients.push(await serviceSession(cluster, opened));
    const plain = await costOfPlain(cluster);
    const [server, agent] = await costOfLooks(cluster, target);
    progress(
      `a look: ${perLook(server)} of the server, ${perLook(agent)} of the agent; the two views: ${perLook(plain)}`,
    );
    return [
      figure(`sampler on the server, ${sessions} sessions`, server, plain, 'floor: pg_stat_activity with pg_stat_ssl'),
      figure('the same with the agent beside it', server + agent, null, 'the agent runs on the same host'),
    ];
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await target.close();
    await cluster.remove();
  }
}

/** `seconds` of processor time for all looks. */
function figure(name: string, seconds: number, floor: number | null, what: string): Figure {
  const value = percent(seconds);
  return {
    name,
    value,
    unit: '% of a core',
    floor: floor === null ? null : percent(floor),
    goal: `≤ ${goalPercent} % every ${intervalMs / 1_000} s`,
    met: value <= goalPercent,
    note: `${perLook(seconds)} a look, n=${looks}; ${what}`,
  };
}

function percent(seconds: number): number {
  return (seconds / looks / (intervalMs / 1_000)) * 100;
}

function perLook(seconds: number): string {
  return `${((seconds / looks) * 1_000).toFixed(2)} ms`;
}

/** Seconds of the backend that answers, and of this process. */
async function costOfLooks(cluster: Cluster, target: Target): Promise<readonly [number, number]> {
  const seen = createAggregator(intervalMs);
  const look = async (): Promise<void> => {
    const observation = await target.observe({ serverLog: false, mayConnect: true });
    if (observation === null || observation.sessions?.length !== services * hosts)
      throw new Error('not every session was seen');
    seen.add(observation, Date.now());
  };
  await look();
  const pid = await pidOf(cluster, 'knowngood agent');
  const [server, own] = [cpuSeconds(pid), process.cpuUsage()];
  await repeated(look);
  const { user, system } = process.cpuUsage(own);
  return [cpuSeconds(pid) - server, (user + system) / 1e6];
}

async function costOfPlain(cluster: Cluster): Promise<number> {
  const client = await connected(cluster, 'plain');
  const pid = await pidOf(cluster, 'plain');
  await client.query(plainQuery);
  const before = cpuSeconds(pid);
  await repeated(async () => void (await client.query(plainQuery)));
  const cost = cpuSeconds(pid) - before;
  await client.end();
  return cost;
}

async function repeated(work: () => Promise<void>): Promise<void> {
  for (let times = 0; times < looks; times += 1) {
    await work();
    await sleep(pauseMs);
  }
}

async function pidOf(cluster: Cluster, application: string): Promise<number> {
  const client = await connected(cluster, 'looking');
  try {
    const query = 'select pid from pg_stat_activity where application_name = $1';
    const { rows } = await client.query<{ pid: number }>(query, [application]);
    const [row] = rows;
    if (row === undefined || rows.length > 1) throw new Error(`${rows.length} sessions are called ${application}`);
    return row.pid;
  } finally {
    await client.end();
  }
}

async function makeRoles(cluster: Cluster): Promise<void> {
  const client = await connected(cluster, 'roles');
  for (let role = 0; role < services; role += 1) await client.query(`create role service_${role} login`);
  await client.end();
}

async function serviceSession({ port }: Cluster, at: number): Promise<pg.Client> {
  const localAddress = `127.0.1.${(Math.floor(at / services) % hosts) + 1}`;
  const name = `service_${at % services}`;
  const client = new pg.Client({
    user: name,
    database: 'postgres',
    application_name: name,
    stream: () => new SocketFrom(localAddress),
    host: '127.0.0.1',
    port,
  });
  await client.connect();
  return client;
}

/** `pg` connects its socket itself, and knows no address to come from. */
class SocketFrom extends Socket {
  readonly #localAddress: string;

  constructor(localAddress: string) {
    super();
    this.#localAddress = localAddress;
  }

  override connect(...[port, host]: readonly unknown[]): this {
    return super.connect({ port: Number(port), host: String(host), localAddress: this.#localAddress });
  }
}

async function connected(cluster: Cluster, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: cluster.url(), application_name: application });
  await client.connect();
  return client;
}
