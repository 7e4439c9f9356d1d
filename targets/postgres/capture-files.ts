/** Every configuration file that PostgreSQL reads, as it is on disk: what a snapshot holds, and what a revert puts back. */
import { type ConfigFile, type FileSet, isAccessFile, isNamedFile } from '../../domain/snapshot/files.ts';
import { type ConfTree, effectiveAssignments, walkConf } from '../../domain/conf/conf-tree.ts';
import { type NamedFiles, type NamedSettings, isOwnPlace, namedFiles } from '../../domain/conf/named-files.ts';
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
  /** Absent: only what the files say is known. */
  readonly named?: NamedSettings;
}

export interface FilesOnDisk {
  readonly files: FileSet;
  /** Targets of include_if_exists that are not there. */
  readonly missing: readonly string[];
  readonly includeDirs: readonly string[];
  readonly listed: Captured['facts']['listed'];
  /** Files that the server loads at a reload and shows in no view, with the Unix ms of their last change. */
  readonly unseen: readonly { readonly path: string; readonly role: FileRole; readonly changedAt: number }[];
  readonly tls: NamedFiles['tls'];
  /** Named by settings, there, and closed to the agent: path → why. */
  readonly closed: ReadonlyMap<string, string>;
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

function walk(places: FilePlaces, also: readonly string[], disk: Disk): FilesOnDisk {
  const { dataDirectory, versionNum, paths } = places;
  const auto = autoConfOf(dataDirectory);
  const conf = walkConf(paths.config, auto, disk);
  const named = namedBy(conf, places);
  const access = (['hba', 'ident'] as const).map((role) => walkHba(paths[role], role, disk, versionNum));
  const roles = new Map<string, FileRole>(named.files);
  for (const folder of named.folders)
    for (const name of disk.list(folder) ?? []) if (!name.endsWith('/')) roles.set(`${folder}/${name}`, 'tls');
  for (const path of conf.files) roles.set(path, path === paths.config ? 'main' : path === auto ? 'auto' : 'include');
  for (const tree of access) for (const [path, role] of tree.files) roles.set(path, role);
  for (const name of debianFiles) roles.set(`${dirname(paths.config)}/${name}`, 'debian');
  for (const path of also) if (!roles.has(path)) roles.set(path, 'include');

  const files = new Map<string, ConfigFile>();
  const unseen: { path: string; role: FileRole; changedAt: number }[] = [];
  const closed = new Map<string, string>();
  for (const [path, role] of roles) {
    const file = isNamedFile(role) ? disk.fileIfReadable(path) : disk.file(path);
    const why = disk.closed(path);
    if (why !== null) closed.set(path, why);
    if (file === null) continue;
    const { content, mode, uid, gid } = file;
    files.set(path, { path, role, content, mode, uid, gid });
    if (isAccessFile(role) || path === named.tls.caFile || path === named.tls.crlFile)
      unseen.push({ path, role, changedAt: file.changedAt });
  }
  const includeDirs = [...new Set([conf, ...access].flatMap(({ folders }) => folders))];
  const home = dirname(paths.config);
  const looked = [...named.files.keys()].filter((path) => isOwnPlace(path, dataDirectory, home));
  const missing = [...new Set([...[conf, ...access].flatMap((tree) => tree.missing), ...looked])].filter(
    (path) => !files.has(path) && !closed.has(path) && path !== auto,
  );
  const listed = list(home, [...includeDirs, ...named.folders], disk);
  return { files, missing, includeDirs, listed, unseen, tls: named.tls, closed, disk };
}

const nothingNamed: NamedSettings = { running: {}, commandLine: {} };

function namedBy(conf: ConfTree, { dataDirectory, named = nothingNamed }: FilePlaces): NamedFiles {
  const onDisk = new Map([...effectiveAssignments(conf)].map(([name, { value }]) => [name, value]));
  return namedFiles(onDisk, named, dataDirectory);
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
