/** Brings the store's tables to this version, once, however many processes start at the same time. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type RunnerOption, runner } from 'node-pg-migrate';
import pg from 'pg';
import type { StoreConnection } from './connection.ts';
import { schemaName } from './tables.ts';

/** A migration is a module that exports its SQL: it is found beside this one in the source tree and in `dist` alike. */
type MigrationLoader = Extract<NonNullable<RunnerOption['migrationLoaderStrategies']>[number]['loader'], Function>;

const load: MigrationLoader = (paths) =>
  Promise.all(
    paths.map(async (path) => {
      const { up } = (await import(pathToFileURL(path).href)) as { up: string };
      return { id: path, filePaths: [path], actions: { up: (pgm) => pgm.sql(up), down: false } };
    }),
  );

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Long enough for any migration of another process, short enough to be told what one waits for. */
const lockTimeoutMs = 60_000;

export async function migrate({ config }: StoreConnection): Promise<void> {
  const client = new pg.Client(config);
  // Without a listener a connection that breaks between two queries would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    await runner({
      dbClient: client,
      // `if not exists` asks for the privilege even when there is nothing to create, so the schema is looked for first.
      createSchema: !(await schemaExists(client)),
      schema: schemaName,
      migrationsTable: 'migrations',
      dir: fileURLToPath(new URL('./migrations', import.meta.url)),
      ignorePattern: '.*\\.(map|d\\.ts)',
      migrationLoaderStrategies: [{ extensions: ['.ts', '.js'], loader: load }],
      direction: 'up',
      advisoryLockMode: 'wait',
      logger: silent,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

async function schemaExists(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schemaName]);
  return rowCount === 1;
}
