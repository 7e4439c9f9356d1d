/** Every configuration file that PostgreSQL reads, as it is on disk: what a snapshot holds, and what a revert puts back. */
import { walkConf } from '../../domain/conf/conf-tree.ts';
import type { ConfigFile, FileSet } from '../../domain/snapshot/files.ts';
import { walkHba } from '../../domain/hba/tree.ts';
import { dirname } from '../../domain/conf/paths.ts';
import type { FileRole } from '../../domain/snapshot.ts';
import type { Captured } from '../target.ts';
import { Disk } from './disk.ts';
import { TargetError } from './target-error.ts';

export interface FilePlaces {
  readonly dataDirectory: string;
  readonly versionNum: number;
  readonly paths: Captured['facts']['paths'];
}

export interface FilesOnDisk {
  readonly files: FileSet;
  /** Targets of include_if_exists that are not there. */
  readonly missing: readonly string[];
  readonly includeDirs: readonly string[];
  readonly listed: Captured['facts']['listed'];
  /** Unix ms of the newest change of a file that decides access; 0 without one. */
  readonly accessChangedAt: number;
  readonly disk: Disk;
}

/** Beside postgresql.conf on Debian: how the server is started. */
const debianFiles = ['environment', 'pg_ctl.conf', 'start.conf'];

export function autoConfOf(dataDirectory: string): string {
  return `${dataDirectory}/postgresql.auto.conf`;
}

/** One reading; it may be torn, which `disk.unchanged` tells. `also`: paths to read beside what is found. */
export function readFiles(places: FilePlaces, also: readonly string[] = []): Promise<FilesOnDisk> {
  return new Disk().settle((disk) => walk(places, also, disk));
}

function walk({ dataDirectory, versionNum, paths }: FilePlaces, also: readonly string[], disk: Disk): FilesOnDisk {
  const auto = autoConfOf(dataDirectory);
  const conf = walkConf(paths.config, auto, disk);
  const access = (['hba', 'ident'] as const).map((role) => walkHba(paths[role], role, disk, versionNum));
  const roles = new Map<string, FileRole>();
  for (const path of conf.files) roles.set(path, path === paths.config ? 'main' : path === auto ? 'auto' : 'include');
  for (const tree of access) for (const [path, role] of tree.files) roles.set(path, role);
  for (const name of debianFiles) roles.set(`${dirname(paths.config)}/${name}`, 'debian');
  for (const path of also) if (!roles.has(path)) roles.set(path, 'include');

  const files = new Map<string, ConfigFile>();
  let accessChangedAt = 0;
  for (const [path, role] of roles) {
    const file = disk.file(path);
    if (file === null) continue;
    const { content, mode, uid, gid } = file;
    files.set(path, { path, role, content, mode, uid, gid });
    if (role === 'hba' || role === 'auth-list') accessChangedAt = Math.max(accessChangedAt, file.changedAt);
  }
  const includeDirs = [...new Set([conf, ...access].flatMap(({ folders }) => folders))];
  const missing = [...new Set([conf, ...access].flatMap((tree) => tree.missing))].filter(
    (path) => !files.has(path) && path !== auto,
  );
  return { files, missing, includeDirs, listed: list(dirname(paths.config), includeDirs, disk), accessChangedAt, disk };
}

/** The configuration's own folder, its direct subfolders but PostgreSQL's own, and the include folders. */
function list(home: string, includeDirs: readonly string[], disk: Disk): Captured['facts']['listed'] {
  const own = disk.list(home) ?? [];
  const subfolders = own
    .filter((name) => name.endsWith('/') && !serverFolder.test(name))
    .map((name) => `${home}/${name.slice(0, -1)}`);
  const folders = [...new Set([home, ...subfolders, ...includeDirs])].filter((folder) => disk.list(folder) !== null);
  return { folders, files: folders.flatMap((folder) => (disk.list(folder) ?? []).map((name) => `${folder}/${name}`)) };
}

/** They hold data, not configuration, and may hold a great many files. */
const serverFolder = /^(base|global|log|pg_.*)\/$/;

/** Throws when the server's main files are not on this host. */
export function checkOnHost({ paths, dataDirectory }: FilePlaces, { files }: FilesOnDisk): void {
  const gone = [paths.config, paths.hba].filter((path) => !files.has(path));
  if (gone.length === 0) return;
  throw new TargetError('TargetUnreachable', [
    {
      code: 'not-on-this-host',
      message: `${gone.join(' and ')} cannot be read here`,
      detail: `The server's data directory is ${dataDirectory}.`,
      hint: 'The agent must run on the database host, and see its file system as the server does.',
    },
  ]);
}
