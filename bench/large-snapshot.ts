/** A server as it grows: how long a snapshot takes beside pg_dump, its memory, its size, its difference, its growth. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { diffSnapshots } from '../domain/snapshot/diff.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { pack, unpack } from '../store/packed.ts';
import { createPostgresTarget } from '../targets/postgres/target.ts';
import type { Target } from '../targets/target.ts';
import { type Cluster, createCluster } from '../worker/stack/cluster.ts';
import { type Dumper, dumpAll, findDumper } from './dump.ts';
import { type Figure, median, round, spread } from './figure.ts';
import { type FixtureSize, databasesOf, fill, grow } from './fixture.ts';
import type { BenchOptions } from './options.ts';
import { now } from './prober.ts';
import type { ChildAnswer } from './snapshot-child.ts';

/** Of pg_dumpall's and pg_dump's time. */
const goalOfDump = 0.2;
const goalMegabytes = 200;
const goalStoredPercent = 10;
const goalDiffMs = 100;
/** A table among 50,000 may cost this much more than one among the first ones. */
const goalGrowth = 1.5;
const most = { captures: 10, dumps: 3, diffs: 10 };

const megabyte = 1024 * 1024;

export async function benchLargeSnapshot({ runs, tables, progress }: BenchOptions): Promise<readonly Figure[]> {
  const dumper = await findDumper();
  const cluster = await createCluster({ major: dumper?.major ?? 17 });
  const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`;
  const target = createPostgresTarget({
    database: { connection, password: null },
    password: cluster.password,
    key: randomBytes(32),
    restart: null,
  });
  const captures = Math.min(runs, most.captures);
  try {
    const size: FixtureSize = { tables, roles: 1000, databases: 5 };
    const times = new Map<number, readonly number[]>();
    await fill(cluster, size);
    const measure = async (have: number, want: number): Promise<void> => {
      progress(`making ${want} tables`);
      await grow(cluster, have, { ...size, tables: want });
      times.set(want, await series(captures, () => captured(target)));
      progress(`snapshot of ${want} tables: ${round(median(times.get(want) ?? []))} ms`);
    };
    const [small, large] = [tables / 10, tables * 5];
    await measure(0, small);
    await measure(small, tables);
    const figures = [
      await timeFigure(cluster, dumper, size, times.get(tables) ?? [], Math.min(runs, most.dumps)),
      ...(await sizeFigures(connection, cluster.password, tables)),
      await diffFigure(cluster, target, tables),
    ];
    await measure(tables, large);
    return [...figures, growthFigure(times, [small, tables, large])];
  } finally {
    await target.close();
    await cluster.remove();
  }
}

async function captured(target: Target): Promise<Snapshot> {
  const { snapshot } = await target.capture();
  if (snapshot === null) throw new Error('the server did not answer');
  return snapshot;
}

async function timeFigure(
  cluster: Cluster,
  dumper: Dumper | null,
  size: FixtureSize,
  own: readonly number[],
  runs: number,
): Promise<Figure> {
  const value = median(own);
  const dumps: number[] = [];
  for (let run = 0; dumper !== null && run < runs; run++) dumps.push(await dumpAll(dumper, cluster, databasesOf(size)));
  const floor = dumps.length === 0 ? null : median(dumps);
  const beside = floor === null ? 'no pg_dump here' : `floor: pg_dumpall -g and pg_dump -s of 5 databases`;
  return {
    name: `snapshot of ${size.tables} tables, ${size.roles} roles, PostgreSQL ${cluster.major}`,
    value,
    unit: 'ms',
    floor,
    goal: `≤ ${goalOfDump} × floor`,
    met: floor !== null && value <= goalOfDump * floor,
    note: `${spread(own)}; first ${round(own[0] ?? 0)}; ${beside}`,
  };
}

async function sizeFigures(connection: string, password: string, tables: number): Promise<readonly Figure[]> {
  const child = fileURLToPath(new URL('./snapshot-child.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, connection, password]);
  const { peakBytes, rawBytes, storedBytes } = JSON.parse(stdout) as ChildAnswer;
  const [peak, stored] = [peakBytes / megabyte, (storedBytes / rawBytes) * 100];
  return [
    {
      name: `peak memory of a process that takes and seals it`,
      value: peak,
      unit: 'MB',
      floor: null,
      goal: `≤ ${goalMegabytes} MB`,
      met: peak <= goalMegabytes,
      note: `${tables} tables; max RSS, Node's own included`,
    },
    {
      name: 'stored size, packed and sealed, of the raw JSON',
      value: stored,
      unit: '%',
      floor: null,
      goal: `≤ ${goalStoredPercent} %`,
      met: stored <= goalStoredPercent,
      note: `${round(storedBytes / 1024)} of ${round(rawBytes / 1024)} KiB`,
    },
  ];
}

/** Both as they come from the store, with a hundred grants between them. */
async function diffFigure(cluster: Cluster, target: Target, tables: number): Promise<Figure> {
  const again = async (): Promise<Snapshot> => unpack<Snapshot>(await pack(await captured(target)));
  const before = await again();
  const client = new pg.Client(cluster.url());
  await client.connect();
  for (let i = 1; i <= 100; i++) await client.query(`grant truncate on s${i % 20}.orders_of_department_${i} to r1000`);
  await client.end();
  const after = await again();
  let found = 0;
  const times = await series(most.diffs, async () => void (found = diffSnapshots(before, after).length));
  const value = median(times);
  return {
    name: `difference of two snapshots of ${tables} tables`,
    value,
    unit: 'ms',
    floor: null,
    goal: `≤ ${goalDiffMs} ms`,
    met: value <= goalDiffMs && found === 100,
    note: `${spread(times)}; first ${round(times[0] ?? 0)}; ${found} differences`,
  };
}

/** What one more table costs late, by what it costs early: 1 is linear. */
function growthFigure(
  times: ReadonlyMap<number, readonly number[]>,
  [small, middle, large]: readonly [number, number, number],
): Figure {
  const at = (tables: number): number => median(times.get(tables) ?? []);
  const value = (at(large) - at(middle)) / (large - middle) / ((at(middle) - at(small)) / (middle - small));
  return {
    name: `growth: a table's cost from ${middle} to ${large}, by that from ${small} to ${middle}`,
    value,
    unit: '×',
    floor: null,
    goal: `≤ ${goalGrowth} ×`,
    met: value <= goalGrowth,
    note: [small, middle, large].map((tables) => `${tables}: ${round(at(tables))} ms`).join(', '),
  };
}

async function series(runs: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const beganAt = now();
    await work();
    times.push(now() - beganAt);
  }
  return times;
}
