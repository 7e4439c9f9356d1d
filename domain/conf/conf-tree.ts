/** Every file that postgresql.conf leads to, in the order in which PostgreSQL reads them, and every assignment in them. */
import { byCodeUnit } from '../snapshot/canonical.ts';
import { parseConf } from './conf-file.ts';
import { dirname, isIncludable, resolveFrom } from './paths.ts';

/** How files are seen: on disk, or as they would be after a change. Content is one char a byte; null: not there. */
export interface FileView {
  read(path: string): string | null;
  /** Names in a folder, null when it cannot be opened. */
  list(folder: string): readonly string[] | null;
}

export interface Assignment {
  readonly file: string;
  readonly line: number;
  /** As written; PostgreSQL compares names without case. */
  readonly name: string;
  readonly value: string;
}

export interface ConfTree {
  /** Files that were read, each once, main first and postgresql.auto.conf last. */
  readonly files: readonly string[];
  /** Targets of include_if_exists that are not there: absence is content. */
  readonly missing: readonly string[];
  readonly folders: readonly string[];
  /** In reading order: the last one of a name wins. */
  readonly assignments: readonly Assignment[];
  /** What makes PostgreSQL refuse all of it. */
  readonly errors: readonly { readonly file: string; readonly line: number; readonly error: string }[];
}

/** CONF_FILE_MAX_DEPTH of PostgreSQL. */
const maxDepth = 10;

export function walkConf(main: string, auto: string, view: FileView): ConfTree {
  const files = new Set<string>();
  const missing = new Set<string>();
  const folders = new Set<string>();
  const assignments: Assignment[] = [];
  const errors: { file: string; line: number; error: string }[] = [];

  const visit = (path: string, from: { file: string; line: number }, depth: number, strict: boolean): void => {
    if (depth > maxDepth) return void errors.push({ ...from, error: `maximum nesting depth exceeded at "${path}"` });
    const content = view.read(path);
    if (content === null) {
      if (strict) errors.push({ ...from, error: `could not open configuration file "${path}"` });
      missing.add(path);
      return;
    }
    files.add(path);
    for (const line of parseConf(content)) {
      const here = { file: path, line: line.line };
      if (line.kind === 'error') errors.push({ ...here, error: 'syntax error' });
      else if (line.kind === 'setting') assignments.push({ ...here, name: line.name, value: line.value });
      else if (line.value === '') errors.push({ ...here, error: 'empty configuration file name' });
      else if (line.kind === 'include_dir') visitFolder(resolveFrom(path, line.value), here, depth);
      else visit(resolveFrom(path, line.value), here, depth + 1, line.kind === 'include');
    }
  };
  const visitFolder = (folder: string, from: { file: string; line: number }, depth: number): void => {
    folders.add(folder);
    const names = view.list(folder);
    if (names === null) return void errors.push({ ...from, error: `could not open directory "${folder}"` });
    for (const name of names.filter(isIncludable).sort(byCodeUnit)) visit(`${folder}/${name}`, from, depth + 1, true);
  };

  visit(main, { file: main, line: 0 }, 0, true);
  visit(auto, { file: auto, line: 0 }, 0, false);
  return {
    files: [...files],
    missing: [...missing].filter((path) => !files.has(path)),
    folders: [...folders],
    assignments,
    errors,
  };
}

/** The same of files that are known, such as those of a snapshot; what is not among them is not there. */
export function treeOf(files: ReadonlyMap<string, { readonly content: string }>, main: string, auto: string): ConfTree {
  return walkConf(main, auto, {
    read: (path) => files.get(path)?.content ?? null,
    list: (folder) =>
      [...files.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)),
  });
}

/** Lower-cased name → the assignment that wins. */
export function effectiveAssignments(tree: ConfTree): ReadonlyMap<string, Assignment> {
  return new Map(tree.assignments.map((assignment) => [assignment.name.toLowerCase(), assignment]));
}
