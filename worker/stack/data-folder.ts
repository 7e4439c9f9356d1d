/** What is in a cluster's data folder before its first start. */
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, chown, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildOnce } from './build-once.ts';
import { sharedCacheFolder } from './cache.ts';
import { makeFolder, makeTemporary, writeOwned } from './cluster-home.ts';
import type { SystemUser } from './keeper.ts';
import type { PostgresBinaries, PostgresMajor } from './postgres-binaries.ts';
import { run } from './run.ts';
import { StackError } from './stack-error.ts';

export interface DataFolderOptions {
  readonly major: PostgresMajor;
  /** Default: a new folder that goes with the cluster or the end of this process. One that holds a cluster is opened. */
  readonly dataDir?: string;
  /** Default `127.0.0.1`, which clients from all of 127.0.0.0/8 reach. Stands in postgresql.conf. */
  readonly listenAddresses?: string;
  /** Lines for postgresql.conf, values as one would say them: `{ work_mem: '8MB' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The whole pg_hba.conf. Default: the superuser freely by the socket, everybody by password. */
  readonly hba?: string;
  /** initdb waits for the disk. Default false. The server's own `fsync` stays on in both cases. */
  readonly durable?: boolean;
  /**
   * Its own initdb (half a second more) and with it a system identifier and a password like no other's.
   * Default: only with a `dataDir`; the others are copies of one template a major version.
   */
  readonly ownIdentity?: boolean;
}

export const superuser = 'postgres';
/** Beside the data, as closed as it: a cluster that is opened again still has its password. */
export const passwordFile = 'knowngood-superuser-password';

export const defaultHba = `# TYPE  DATABASE  USER      ADDRESS        METHOD
local   all       postgres                 trust
local   all       all                      scram-sha-256
host    all       postgres  127.0.0.0/8    scram-sha-256
`;

export async function checkMajor(dataDir: string, major: PostgresMajor): Promise<void> {
  const found = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (found === String(major)) return;
  throw new StackError({
    code: 'wrong-major',
    message: `data folder ${dataDir} belongs to PostgreSQL ${found}, not ${major}`,
    detail: 'A data folder is opened by its own major version only.',
    hint: `Use PostgreSQL ${found}, or another folder.`,
  });
}

export async function fill(
  dataDir: string,
  binaries: PostgresBinaries,
  user: SystemUser | null,
  options: DataFolderOptions,
): Promise<void> {
  if (options.ownIdentity ?? options.dataDir !== undefined) {
    await initdb(dataDir, binaries, user, options.durable ?? false);
    return;
  }
  const template = await templateOf(binaries, user);
  const { code, output } = await run('cp', ['-a', `${template}/.`, dataDir], { user, cwd: '/' });
  if (code !== 0) throw new Error(`cannot copy the template data folder: ${output}`);
  await chmod(dataDir, 0o700);
}

/** initdb takes half a second, a copy of what it made a tenth. */
async function templateOf(binaries: PostgresBinaries, user: SystemUser | null): Promise<string> {
  const name = `${basename(binaries.version)}-${user?.uid ?? 'self'}`;
  const folder = join(await sharedCacheFolder(), 'templates', name);
  await buildOnce({
    folder,
    build: async (unfinished) => {
      if (user) await chown(unfinished, user.uid, user.gid);
      const data = join(unfinished, 'data');
      await makeFolder(data, user);
      await initdb(data, binaries, user, false);
    },
  });
  return join(folder, 'data');
}

async function initdb(
  dataDir: string,
  binaries: PostgresBinaries,
  user: SystemUser | null,
  durable: boolean,
): Promise<void> {
  const password = randomBytes(18).toString('base64url');
  const secret = await makeTemporary('knowngood-initdb-', user);
  try {
    const passwords = join(secret, 'password');
    await writeOwned(passwords, `${password}\n`, user);
    const args = [
      '-D',
      dataDir,
      '-U',
      superuser,
      '--pwfile',
      passwords,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C',
    ];
    const { code, output } = await run(join(binaries.bin, 'initdb'), durable ? args : [...args, '--no-sync'], {
      user,
      cwd: '/',
      env: serverEnvironment(),
    });
    if (code !== 0) {
      throw new StackError({
        code: 'initdb-failed',
        message: `PostgreSQL ${binaries.major} could not make a data folder in ${dataDir}`,
        detail: output,
        hint: `Check that the folder is empty and that ${user?.name ?? 'this user'} may write to it.`,
      });
    }
    await writeOwned(join(dataDir, passwordFile), `${password}\n`, user);
  } finally {
    await rm(secret, { recursive: true, force: true });
  }
}

export async function configure(
  dataDir: string,
  options: DataFolderOptions,
  existing: boolean,
  user: SystemUser | null,
): Promise<void> {
  const { listenAddresses, settings, hba } = options;
  // A cluster that is opened again keeps what it has, but for what the caller names.
  const defaults = existing ? {} : { listen_addresses: '127.0.0.1' };
  const given = {
    ...defaults,
    ...(listenAddresses === undefined ? {} : { listen_addresses: listenAddresses }),
    ...settings,
  };
  const conf = join(dataDir, 'postgresql.conf');
  const present = await readFile(conf, 'utf8');
  const lines = Object.entries(given)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`)
    .filter((line) => !present.includes(`\n${line}\n`));
  if (lines.length > 0) await appendFile(conf, `${lines.join('\n')}\n`);
  const wanted = hba ?? (existing ? null : defaultHba);
  if (wanted !== null) await writeOwned(join(dataDir, 'pg_hba.conf'), wanted, user);
}

/** Nothing of the caller's PG* variables and language reaches the server. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
