/** Whether what drifted is in force already, or waits on the disk for a reload or a restart. Pure. */
import type { DiffItem } from '../snapshot/diff-item.ts';
import type { FileRole, Snapshot } from '../snapshot.ts';

/** `unloadable`: the server goes on with what it has, and a start would fail on it or do without it. */
export type Force = 'in-force' | 'at-reload' | 'at-restart' | 'unloadable';

export interface LiveFacts {
  /** Unix ms when the server last loaded its configuration. */
  readonly loadedAt: number;
  /** Path → Unix ms of the file's last change (content, name, mode or owner) by the kernel's clock. */
  readonly changedAt: Readonly<Record<string, number>>;
  /** Files that would not load as they are. */
  readonly unloadable: readonly string[];
  /** Files that name a setting which waits for a restart. */
  readonly waitsIn: readonly string[];
  /** A setting whose line is in no file any more still runs: a reload is due. */
  readonly goneLines: boolean;
}

/** What the server has read of each file, by its digest, as far as looks have seen it. */
export interface Loaded {
  /** Unix ms when it read them. */
  readonly at: number;
  /** Path → digest. */
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * `before`: of the look before; null: there was none. A mode, an owner or a copy over itself makes a file younger than the
 * load, and changes nothing of what is in force.
 */
export function loadedOf(
  live: Snapshot,
  { loadedAt, changedAt, unloadable }: Pick<LiveFacts, 'loadedAt' | 'changedAt' | 'unloadable'>,
  before: Loaded | null,
): Loaded {
  const known = before?.at === loadedAt ? before.digests : {};
  const digests = live.sections.files.flatMap(({ path, role, digest }): [string, string][] => {
    if (role === 'missing-include') return [];
    const read = readOf(path, digest);
    return read === undefined ? [] : [[path, read]];
  });
  return { at: loadedAt, digests: Object.fromEntries(digests) };

  function readOf(path: string, digest: string): string | undefined {
    // A load that refuses a file leaves what the one before it has read.
    if (unloadable.includes(path)) return before?.digests[path];
    return (changedAt[path] ?? 0) > loadedAt ? known[path] : digest;
  }
}

/** Read at a reload, and no view shows what of them is in force. */
const unseen: ReadonlySet<FileRole> = new Set(['hba', 'ident', 'auth-list', 'tls']);

/** Of them, what was seen loaded with another content than it has now: what is in force is no longer on the disk. */
export function notInForce(
  live: Snapshot,
  { loadedAt, changedAt }: Pick<LiveFacts, 'loadedAt' | 'changedAt'>,
  { digests }: Pick<Loaded, 'digests'>,
): readonly DiffItem[] {
  return live.sections.files
    .filter(({ path, role, digest }) => {
      const read = digests[path];
      const isYounger = (changedAt[path] ?? 0) > loadedAt;
      return unseen.has(role) && isYounger && read !== undefined && read !== digest;
    })
    .map(({ path }) => ({
      key: `file:${path}`,
      section: 'files',
      kind: 'changed',
      summary: `${path}: the server still runs what stood in it before; it needs a reload`,
    }));
}

/** Read by what starts the server, not by the server. */
const readAtStart: ReadonlySet<FileRole> = new Set(['debian']);

export function forceOf(
  { section, key }: Pick<DiffItem, 'section' | 'key'>,
  live: Snapshot,
  facts: LiveFacts,
  { digests }: Pick<Loaded, 'digests'>,
): Force {
  // SQL is in force once it is committed; what a role is set to holds for its next session.
  if (section !== 'files' && section !== 'settings') return 'in-force';
  const id = key.slice(key.indexOf(':') + 1);
  const { files, settings } = live.sections;
  if (section === 'settings')
    return settings.some(({ name, pendingRestart }) => name === id && pendingRestart) ? 'at-restart' : 'in-force';
  if (facts.unloadable.includes(id)) return 'unloadable';
  const file = files.find(({ path }) => path === id);
  if (file === undefined || file.role === 'missing-include') return facts.goneLines ? 'at-reload' : 'in-force';
  if (readAtStart.has(file.role)) return 'at-restart';
  if ((facts.changedAt[id] ?? 0) > facts.loadedAt && digests[id] !== file.digest) return 'at-reload';
  return facts.waitsIn.includes(id) ? 'at-restart' : 'in-force';
}

export const forceWords: Readonly<Record<Force, string>> = {
  'in-force': 'in force',
  'at-reload': 'on disk only, takes effect at the next reload or restart',
  'at-restart': 'waits for the next restart',
  unloadable: 'does not load: the server keeps what it has, and a start would fail or do without it',
};

const order: readonly Force[] = ['in-force', 'at-reload', 'at-restart', 'unloadable'];

/** In words for all of them together. */
export function forcesOf(items: readonly { readonly force: Force }[]): string {
  const found = order.filter((force) => items.some((item) => item.force === force));
  const [only] = found;
  if (only !== undefined && found.length === 1) return forceWords[only];
  return found.includes('in-force') ? 'partly in force, partly not yet' : 'not in force yet';
}
