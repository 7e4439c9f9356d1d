/** What is still missing after a revert, and how the rest was proven: by a fresh snapshot, item by item. */
import { parseConf } from '../../domain/conf/conf-file.ts';
import { nameToday } from '../../domain/conf/old-names.ts';
import type { ConfigFile, FileSet } from '../../domain/snapshot/files.ts';
import { isAccessFile, isNamedFile } from '../../domain/snapshot/files.ts';
import { type FileDecision, sameState } from '../../domain/revert/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import type { SettingEntry } from '../../domain/snapshot.ts';
import type { Captured } from '../target.ts';
import { fileSetOf } from './capture.ts';

export interface Proof {
  readonly remaining: readonly Problem[];
  readonly conflicts: readonly string[];
  readonly lines: readonly string[];
}

/** `scope`: settings that the change changed. */
export function proofOf(
  before: Captured,
  after: Captured,
  files: FileSet,
  decisions: readonly FileDecision[],
  scope: ReadonlySet<string>,
): Proof {
  const wrong = decisions.filter(({ path, want }) => !sameState(want, files.get(path) ?? null));
  const settings = settingsProof(before, after, scope);
  const equal = decisions.length - wrong.length;
  const restored = settings.equal;
  return {
    remaining: [
      ...wrong.map(({ path }): Problem => ({
        code: 'file-not-restored',
        message: `${path} is not as it should be`,
        hint: 'Something keeps writing it, or it could not be written.',
      })),
      ...settings.remaining,
      ...broken(before, after, scope),
    ],
    conflicts: settings.conflicts,
    lines: [
      ...(equal === 0 ? [] : [`files: ${equal} of ${decisions.length} as they should be, in bytes, mode and owner`]),
      ...(restored === 0 ? [] : [`settings: ${restored} run with their old values on a new connection`]),
      ...(decisions.some(({ role }) => isAccessFile(role)) &&
      !after.dirty.some(({ code }) => code === 'hba-would-not-load')
        ? ['pg_hba.conf: the server finds no line in it that would not load']
        : []),
      ...tlsLines(after, decisions),
    ],
  };
}

/** The handshake itself is in the capture: it would be a reason why the server is dirty. */
function tlsLines({ snapshot, dirty }: Captured, decisions: readonly FileDecision[]): readonly string[] {
  const on = snapshot?.sections.settings.some(({ name, value }) => name === 'ssl' && value === 'on') === true;
  const restored = decisions.some(({ role }) => isNamedFile(role));
  if (!on || !restored || dirty.some(({ code }) => code.startsWith('tls-'))) return [];
  return ['TLS: the server serves the certificate on disk, and its key fits'];
}

function settingsProof(
  before: Captured,
  after: Captured,
  scope: ReadonlySet<string>,
): { equal: number; remaining: Problem[]; conflicts: string[] } {
  const [was, is] = [byName(before), byName(after)];
  const [old, now] = [fileSetOf(before), fileSetOf(after)];
  const remaining: Problem[] = [];
  const conflicts: string[] = [];
  let equal = 0;
  for (const name of scope) {
    const [s, l] = [was.get(name), is.get(name)];
    // What the server computes by itself follows from the others.
    if (s === undefined || l === undefined || s.context === 'internal') continue;
    if (l.value === s.value) equal += 1;
    else if (l.source === 'command line' || s.source === 'command line' || l.source === 'environment variable')
      continue;
    else if (editedSince(l, now, old) || editedSince(s, now, old))
      conflicts.push(`${name}: somebody else has set it since, in ${l.sourceFile ?? s.sourceFile}`);
    else if (l.context === 'postmaster')
      remaining.push({
        code: 'needs-restart',
        message: `setting "${name}" needs a restart to be as before`,
        hint: 'Restart the server, or let the change or the policy allow it.',
      });
    else
      remaining.push({
        code: 'setting-not-restored',
        message: `setting "${name}" is not as before`,
        hint: 'Look for what else sets it: "select * from pg_file_settings".',
      });
  }
  return { equal, remaining, conflicts };
}

function byName({ snapshot }: Captured): ReadonlyMap<string, SettingEntry> {
  return new Map((snapshot?.sections.settings ?? []).map((entry) => [entry.name, entry]));
}

/** The file that decides it says of it what it did not say before the change: kept on purpose, by the merge. */
function editedSince(
  { name, sourceFile }: SettingEntry,
  now: ReadonlyMap<string, ConfigFile>,
  old: ReadonlyMap<string, ConfigFile>,
): boolean {
  return sourceFile !== null && saidOf(name, now.get(sourceFile)) !== saidOf(name, old.get(sourceFile));
}

/** The last line of a name wins; null: it says nothing of it. */
function saidOf(name: string, file: ConfigFile | undefined): string | null {
  const key = name.toLowerCase();
  const values = parseConf(file?.content ?? '').flatMap((line) =>
    line.kind === 'setting' && nameToday(line.name.toLowerCase(), { has: (known) => known === key }) === key
      ? [line.value]
      : [],
  );
  return values.at(-1) ?? null;
}

/** What would keep the server from starting again, or waits in scope; unless it was so before. */
function broken(before: Captured, after: Captured, scope: ReadonlySet<string>): readonly Problem[] {
  const had = new Set(before.dirty.map(({ message }) => message));
  const inScope = (message: string): boolean => [...scope].some((name) => message.includes(`"${name}"`));
  return after.dirty.filter(({ code, message }) => {
    if (had.has(message)) return false;
    return (
      code === 'file-error' ||
      code === 'hba-would-not-load' ||
      code === 'access-file-not-loaded' ||
      code === 'ident-would-not-load' ||
      code.startsWith('tls-') ||
      (code === 'file-not-loaded' && inScope(message))
    );
  });
}
