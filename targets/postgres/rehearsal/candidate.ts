/** The files as a plan's steps would leave them. Pure but for the disk that it is shown. */
import { editAutoConf } from '../../../domain/conf/auto-conf.ts';
import { type ConfTree, type FileView, effectiveAssignments, walkConf } from '../../../domain/conf/conf-tree.ts';
import { namedFiles } from '../../../domain/conf/named-files.ts';
import { dirname, isAbsolute, normalise } from '../../../domain/conf/paths.ts';
import { flattenLiterals } from '../../../domain/conf/settings.ts';
import { walkHba } from '../../../domain/hba/tree.ts';
import type { ConfigFile, FileSet } from '../../../domain/snapshot/files.ts';
import type { Captured, ChangeStep } from '../../target.ts';
import { autoConfOf } from '../capture-files.ts';
import { fileSetOf } from '../capture.ts';
import { Disk } from '../disk.ts';
import type { TreeRole } from './private-tree.ts';

export type Facts = Captured['facts'];

/** One configuration with all that it leads to. */
export interface Configuration {
  readonly files: FileSet;
  readonly roles: ReadonlyMap<string, TreeRole>;
  /** Must be there although they may be empty. */
  readonly folders: readonly string[];
  readonly conf: ConfTree;
  /** Where the rules are: as a file says, or where they always were. */
  readonly hba: string;
  readonly ident: string;
}

/** What is there, and what would be. */
export async function configurations(
  before: Captured,
  steps: readonly ChangeStep[],
): Promise<readonly [Configuration, Configuration]> {
  const { facts, includeDirs } = before;
  const files = fileSetOf(before);
  const then = afterSteps(files, steps, facts);
  const removed = new Set([...files.keys()].filter((path) => !then.has(path)));
  const read = (set: FileSet, gone: ReadonlySet<string>): Promise<Configuration> =>
    new Disk().settle((disk) => configurationOf(set, gone, facts, includeDirs, disk));
  return [await read(files, new Set()), await read(then, removed)];
}

function afterSteps(files: FileSet, steps: readonly ChangeStep[], facts: Facts): FileSet {
  const after = new Map(files);
  const main = files.get(facts.paths.config);
  const auto = autoConfOf(facts.dataDirectory);
  for (const step of steps) {
    if (step.do === 'write-file') {
      const old = after.get(step.path);
      const { mode = 0o600, uid = -1, gid = -1 } = step.owned ?? old ?? main ?? {};
      const content = Buffer.from(step.base64, 'base64').toString('latin1');
      after.set(step.path, { path: step.path, role: old?.role ?? 'include', content, mode, uid, gid });
    } else if (step.do === 'remove-file') after.delete(step.path);
    else if (step.do === 'alter-system') {
      const value = step.literals === null ? null : flattenLiterals(step.name, step.literals);
      const { mode, uid, gid, content } = after.get(auto) ?? main ?? { mode: 0o600, uid: -1, gid: -1, content: '' };
      const text = after.has(auto) ? content : '';
      const edited = editAutoConf(text, new Map([[step.name.toLowerCase(), value]]));
      after.set(auto, { path: auto, role: 'auto', content: edited, mode, uid, gid });
    }
  }
  return after;
}

/** `overlay`: the files that are known, null for what is removed; the disk has the rest that they lead to. */
function configurationOf(
  files: FileSet,
  removed: ReadonlySet<string>,
  facts: Facts,
  includeDirs: readonly string[],
  disk: Disk,
): Configuration {
  const { dataDirectory, versionNum, paths } = facts;
  const auto = autoConfOf(dataDirectory);
  const view = viewOf(files, removed, disk);
  const conf = walkConf(paths.config, auto, view);
  const values = effectiveAssignments(conf);
  const named = (name: string, known: string): string => {
    const value = values.get(name)?.value;
    if (value === undefined || value === '') return known;
    return normalise(isAbsolute(value) ? value : `${dataDirectory}/${value}`);
  };
  const [hba, ident] = [named('hba_file', paths.hba), named('ident_file', paths.ident)];
  const roles = new Map<string, TreeRole>();
  const folders = new Set([...includeDirs, ...conf.folders]);
  for (const path of conf.files) roles.set(path, 'conf');
  for (const [path, role] of [[ident, 'ident'] as const, [hba, 'hba'] as const]) {
    const tree = walkHba(path, role, view, versionNum);
    for (const each of tree.files.keys()) roles.set(each, 'access');
    for (const folder of tree.folders) folders.add(folder);
  }
  if (roles.has(hba)) roles.set(hba, 'hba-main');
  const assigned = new Map([...values].map(([name, { value }]) => [name, value]));
  const further = namedFiles(assigned, { running: {}, commandLine: facts.named?.commandLine ?? {} }, dataDirectory);
  for (const folder of further.folders) folders.add(folder);

  const all = new Map<string, ConfigFile>();
  const found = (path: string, role: ConfigFile['role']): void => {
    const known = files.get(path);
    if (known !== undefined) return void all.set(path, known);
    const file = removed.has(path) ? null : disk.fileIfReadable(path);
    if (file === null) return;
    const { content, mode, uid, gid } = file;
    all.set(path, { path, role, content, mode, uid, gid });
  };
  for (const path of files.keys()) found(path, 'include');
  for (const [path, role] of roles) found(path, role === 'conf' ? 'include' : 'hba');
  for (const [path, role] of further.files) found(path, role);
  for (const folder of further.folders)
    for (const name of view.list(folder) ?? []) if (!name.endsWith('/')) found(`${folder}/${name}`, 'tls');
  return { files: all, roles, folders: [...folders], conf, hba, ident };
}

function viewOf(files: FileSet, removed: ReadonlySet<string>, disk: Disk): FileView {
  return {
    read: (path) => files.get(path)?.content ?? (removed.has(path) ? null : disk.read(path)),
    list: (folder) => {
      const onDisk = disk.list(folder);
      const own = [...files.keys()].filter((path) => dirname(path) === folder);
      if (onDisk === null && own.length === 0) return null;
      const names = new Set(onDisk ?? []);
      for (const path of own) names.add(path.slice(folder.length + 1));
      for (const path of removed) if (dirname(path) === folder) names.delete(path.slice(folder.length + 1));
      return [...names];
    },
  };
}
