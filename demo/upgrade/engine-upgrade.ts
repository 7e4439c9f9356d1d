/**
 * From 16 to 17 as an upgrade script does it: roles with their passwords, tables and rows copied into the new server, the
 * new version's default files, the old server stopped, the new one started in its place. What nobody copied: who gets in.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { grants, services, shopDatabase, tables } from '../shop/database.ts';
import { newVersions } from './new-version.ts';

export interface EngineUpgrade {
  readonly from: { readonly url: string; readonly passwordFile: string; readonly stop: readonly string[] };
  readonly to: {
    readonly dataDir: string;
    readonly socketDir: string;
    readonly port: number;
    readonly owner: { readonly uid: number; readonly gid: number } | null;
    readonly startAlone: readonly string[];
    readonly stop: readonly string[];
    readonly start: readonly string[];
  };
  readonly current: { readonly link: string; readonly to: string };
}

export async function upgradeEngine({ from, to, current }: EngineUpgrade, say: (line: string) => void): Promise<void> {
  await mkdir(to.socketDir, { recursive: true });
  await chmod(to.socketDir, 0o755);
  if (to.owner) await chown(to.socketDir, to.owner.uid, to.owner.gid);
  say('Starting the new cluster 17/main for the copy ...');
  await run(to.startAlone);
  try {
    say('Copying roles and the database "shop" ...');
    await copy(from, { host: to.socketDir, port: to.port, user: 'postgres' });
  } finally {
    await run(to.stop);
  }
  const { postgresqlConf, pgHbaConf } = newVersions.outage;
  await install(to, 'postgresql.conf', postgresqlConf);
  await install(to, 'pg_hba.conf', pgHbaConf ?? '');
  say('Stopping the old cluster 16/main ...');
  await run(from.stop);
  say('Starting the new cluster 17/main on the port of the old one ...');
  await run(to.start);
  const swapped = `${current.link}.new`;
  await rm(swapped, { force: true });
  await symlink(current.to, swapped);
  await rename(swapped, current.link);
}

async function run([file = '', ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(file, args, { cwd: '/' });
}

async function install({ dataDir, owner }: EngineUpgrade['to'], name: string, text: string): Promise<void> {
  const path = join(dataDir, name);
  await writeFile(path, text, { mode: 0o600 });
  if (owner) await chown(path, owner.uid, owner.gid);
}

async function copy({ url, passwordFile }: EngineUpgrade['from'], to: pg.ClientConfig): Promise<void> {
  const oldShop = new URL(url);
  oldShop.password = (await readFile(passwordFile, 'utf8')).trim();
  await using(new pg.Client({ connectionString: oldShop.href }), async (old) => {
    await using(new pg.Client({ ...to, database: 'postgres' }), async (admin) => {
      await copyRoles(old, admin);
      for (const statement of shopDatabase) await admin.query(statement);
    });
    await using(new pg.Client({ ...to, database: 'shop' }), async (shop) => {
      await shop.query(tables);
      for (const table of ['products', 'images']) {
        const { rows } = await old.query(`select * from ${table}`);
        await shop.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
          JSON.stringify(rows),
        ]);
      }
      await shop.query(grants);
    });
  });
}

/** Passwords go as they are stored, as pg_dumpall writes them. */
async function copyRoles(old: pg.Client, admin: pg.Client): Promise<void> {
  const { rows } = await old.query<{ name: string; verifier: string }>(
    'select rolname as name, rolpassword as verifier from pg_authid where rolname = any($1)',
    [['postgres', ...services]],
  );
  for (const { name, verifier } of rows) {
    const how = name === 'postgres' ? 'alter role postgres' : `create role ${name} login`;
    await admin.query(`${how} password ${pg.escapeLiteral(verifier)}`);
  }
}

async function using(client: pg.Client, work: (client: pg.Client) => Promise<void>): Promise<void> {
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
