/** A snapshot of an empty server, beside the bare queries of its largest views on a new connection. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createPostgresTarget } from '../targets/postgres/target.ts';
import { createCluster } from '../worker/stack/cluster.ts';
import { median, spread, type Figure } from './figure.ts';
import { benchLargeSnapshot } from './large-snapshot.ts';
import type { BenchOptions } from './options.ts';

const goalMs = 100;

export async function benchSnapshot(options: BenchOptions): Promise<readonly Figure[]> {
  return [...(await benchEmpty(options)), ...(await benchLargeSnapshot(options))];
}

async function benchEmpty({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const cluster = await createCluster({ major: 17 });
  const target = createPostgresTarget({
    database: { connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`, password: null },
    password: cluster.password,
    key: randomBytes(32),
    restart: null,
  });
  try {
    const own: number[] = [];
    const floor: number[] = [];
    for (let run = 0; run < runs; run++) {
      floor.push(await timed(() => bareQueries(cluster.url())));
      own.push(
        await timed(async () => {
          const { snapshot } = await target.capture();
          if (snapshot === null) throw new Error('the server did not answer');
        }),
      );
    }
    progress(`snapshot of an empty server: ${Math.round(median(own))} ms`);
    const value = median(own);
    const note = `${spread(own)}; floor: connect, pg_settings, pg_file_settings, pg_roles`;
    return [
      {
        name: 'snapshot of an empty server',
        value,
        unit: 'ms',
        floor: median(floor),
        goal: `≤ ${goalMs} ms`,
        met: value <= goalMs,
        note,
      },
    ];
  } finally {
    await target.close();
    await cluster.remove();
  }
}

async function bareQueries(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (const view of ['pg_settings', 'pg_file_settings', 'pg_roles', 'pg_hba_file_rules'])
    await client.query(`select * from ${view}`);
  await client.end();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
}
