/** The shop's PostgreSQL server: real, throw-away, configured as shop-db was on the morning of April 12. */
import { randomBytes } from 'node:crypto';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { createShopDatabase, type ShopPasswords } from './database.ts';
import { includedConf, pgHbaConf, postgresqlConf, postgresqlConf16 } from './server-config.ts';

export interface ShopServer {
  readonly cluster: Cluster;
  readonly passwords: ShopPasswords;
  /** argv that restarts the server, or starts it when it is down, and returns when it is up. */
  readonly restart: readonly string[];
}

/** A 16 has a line in its configuration that 17 knows no more. */
export async function startShopServer(major: 16 | 17 = 17): Promise<ShopServer> {
  // Its own identity: the superuser's password, too, is made for this run.
  const cluster = await createCluster({ major, start: false, ownIdentity: true });
  const passwords = { app_svc: newPassword(), image_svc: newPassword() };
  try {
    await configure(cluster);
    await cluster.start();
    const connectTo = async (database: string): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: cluster.url('postgres', database) });
      await client.connect();
      return client;
    };
    const admin = await connectTo('postgres');
    try {
      await createShopDatabase(admin, connectTo, passwords);
    } finally {
      await admin.end();
    }
  } catch (error) {
    await cluster.remove();
    throw error;
  }
  return { cluster, passwords, restart: cluster.pgCtl('restart', '-m', 'fast', '-w', '-t', '30', '-s') };
}

async function configure(cluster: Cluster): Promise<void> {
  const owner = cluster.systemUser;
  const own = async (path: string): Promise<void> => {
    if (owner) await chown(path, owner.uid, owner.gid);
  };
  const folder = join(cluster.dataDir, 'conf.d');
  await mkdir(folder, { mode: 0o700 });
  await own(folder);
  for (const [name, text] of [
    ['postgresql.conf', cluster.major === 16 ? postgresqlConf16 : postgresqlConf],
    ['pg_hba.conf', pgHbaConf],
    ['conf.d/planner.conf', includedConf],
  ] as const) {
    const path = join(cluster.dataDir, name);
    await writeFile(path, text, { mode: 0o600 });
    await own(path);
  }
}

const newPassword = (): string => randomBytes(18).toString('base64url');
