/** The store for `up`: the configured one, else a PostgreSQL in the data folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseConfig, KnowngoodConfig } from '../../domain/config.ts';

export interface UpStore {
  readonly database: DatabaseConfig;
  readonly own: boolean;
  stop(): Promise<void>;
}

export async function upStore(config: KnowngoodConfig, folder: string, say: (line: string) => void): Promise<UpStore> {
  if (config.store !== null) return { database: config.store, own: false, stop: () => Promise.resolve() };
  say('starting a PostgreSQL for the store');
  const { createCluster } = await import('../../worker/stack/cluster.ts');
  const cluster = await createCluster({ major: 17, dataDir: join(folder, 'store'), durable: true });
  const passwordFile = join(folder, 'secrets', 'store');
  await mkdir(join(folder, 'secrets'), { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, cluster.password, { mode: 0o600 });
  const connection = `postgresql://${cluster.superuser}@${cluster.host}:${cluster.port}/postgres?sslmode=disable`;
  return { database: { connection, password: `\${file:${passwordFile}}` }, own: true, stop: () => cluster.stop() };
}
