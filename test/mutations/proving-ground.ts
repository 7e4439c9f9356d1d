/** One server on which mutations happen and are taken back; as new again after a revert that failed. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import type { Captured, RevertReport, Target } from '../../targets/target.ts';
import { createPostgresTarget } from '../../targets/postgres/target.ts';
import type { Cluster, PostgresMajor } from '../../worker/stack/cluster.ts';
import { createFixture, own } from './fixture.ts';
import { type Mutation, type Step } from './mutation.ts';
import { type Facts, factsOf } from './oracles.ts';

export interface ProvingGround {
  readonly cluster: Cluster;
  readonly target: Target;
  facts(): Promise<Facts>;
  /** Steps one after the other, then what makes them take effect. */
  perform(mutation: Pick<Mutation, 'steps' | 'needs'>): Promise<void>;
  revert(before: Captured, change: Captured | null): Promise<RevertReport>;
  /** The number of the next transaction that writes: unchanged by whoever writes nothing. */
  nextTransaction(): Promise<string>;
  /** As the fixture left it. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createProvingGround(major: PostgresMajor): Promise<ProvingGround> {
  const cluster = await createFixture(major);
  const template = join(dirname(cluster.dataDir), 'template');
  await cluster.stop();
  await execa('cp', ['-a', cluster.dataDir, template]);
  await cluster.start();
  const key = randomBytes(32);
  const open = (): Target =>
    createPostgresTarget({
      database: { connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`, password: null },
      password: cluster.password,
      key,
      restart: cluster.pgCtl('restart', '-w', '-m', 'fast'),
    });
  let target = open();
  let reverts = 0;
  return {
    cluster,
    get target() {
      return target;
    },
    facts: () => factsOf(cluster),
    perform: (mutation) => perform(cluster, mutation),
    revert: (before, change) =>
      target.revert({
        changeId: `mutation-${(reverts += 1)}`,
        before,
        change,
        mayRestart: true,
        witnesses: [],
        fence: () => undefined,
        say: () => undefined,
      }),
    nextTransaction: async () => {
      const [row] = await query(cluster, 'postgres', 'select pg_snapshot_xmax(pg_current_snapshot())::text as next');
      return String(row?.['next']);
    },
    reset: async () => {
      await target.close();
      await cluster.stop('immediate');
      await rm(cluster.dataDir, { recursive: true, force: true });
      await execa('cp', ['-a', template, cluster.dataDir]);
      await cluster.start();
      target = open();
    },
    close: async () => {
      await target.close();
      await cluster.remove();
    },
  };
}

async function perform(cluster: Cluster, { steps, needs = 'none' }: Pick<Mutation, 'steps' | 'needs'>): Promise<void> {
  for (const step of steps) await one(cluster, step);
  if (needs === 'restart') await cluster.restart().catch(() => undefined);
  if (needs === 'reload') await reload(cluster);
}

/** A connection that begins after the signal sees what it led to, or is refused by it. */
async function reload(cluster: Cluster): Promise<void> {
  const [command = '', ...args] = cluster.pgCtl('reload');
  await execa(command, args, { cwd: '/' });
  await query(cluster, 'postgres', 'select 1').catch(() => undefined);
}

async function one(cluster: Cluster, step: Step): Promise<void> {
  if (typeof step === 'string') return void (await query(cluster, 'shop', step));
  if ('sql' in step) {
    const as = step.as === undefined ? '' : `set role ${step.as}; `;
    return void (await query(cluster, step.in ?? 'shop', `${as}${step.sql}`));
  }
  if ('chmod' in step) return chmod(join(cluster.dataDir, step.chmod), step.mode);
  if ('chown' in step) return chown(join(cluster.dataDir, step.chown), step.uid, step.gid);
  const path = join(cluster.dataDir, step.edit);
  const content = await readFile(path, 'latin1').catch(() => null);
  const edited = step.by(content ?? '', cluster.dataDir);
  if (edited === null) return rm(path);
  await writeFile(path, edited, { encoding: 'latin1', mode: 0o600 });
  if (content === null) await own(cluster, path);
}

async function query(cluster: Cluster, database: string, sql: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: cluster.url('postgres', database) });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } catch (error) {
    throw new Error(`${sql}: ${String(error)}`);
  } finally {
    await client.end();
  }
}
