/** The database server upgrade of April 12: a package's new configuration files over the old ones, then a restart. */
import { execFile } from 'node:child_process';
import { chmod, chown, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { newVersions, type Variant } from './new-version.ts';

/** What a package's maintainer script gives its files; shop-db's were 0600. */
const shippedMode = 0o640;

export interface Upgrade {
  readonly variant: Variant;
  /** Folder with postgresql.conf and pg_hba.conf (here: the data directory). */
  readonly configDir: string;
  /** argv that restarts the server and returns when it is up. */
  readonly restart: readonly string[];
}

/** Throws when the restart fails, as a package's post-install script does; what it wrote stays written. */
export async function upgrade({ variant, configDir, restart }: Upgrade, say: (line: string) => void): Promise<void> {
  const { postgresqlConf, pgHbaConf } = newVersions[variant];
  say('Preparing to unpack postgresql-17 ...');
  for (const [name, text] of [
    ['postgresql.conf', postgresqlConf],
    ['pg_hba.conf', pgHbaConf],
  ] as const) {
    if (text === null) continue;
    const path = join(configDir, name);
    say(`Installing new version of config file ${path} ...`);
    await install(path, text);
  }
  say('Restarting PostgreSQL 17 database server');
  const [file = '', ...args] = restart;
  await promisify(execFile)(file, args);
}

async function install(path: string, text: string): Promise<void> {
  const { uid, gid } = await stat(dirname(path));
  const unpacked = `${path}.dpkg-new`;
  await writeFile(unpacked, text);
  await chmod(unpacked, shippedMode);
  await chown(unpacked, uid, gid);
  await rename(unpacked, path);
}
