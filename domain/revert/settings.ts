/** Running values in a revert: they follow from the files, a restart or nothing at all (command line). */
import { pairs } from '../snapshot/diff.ts';
import type { RevertItem } from '../plan.ts';
import { type ConfTree, effectiveAssignments } from '../conf/conf-tree.ts';
import { effectOfContext } from '../conf/settings.ts';
import { showValue } from '../conf/setting-value.ts';
import type { SettingEntry } from '../snapshot.ts';

/** Sources that no file can change. */
const outside: ReadonlySet<string> = new Set(['command line', 'environment variable']);

/**
 * Settings whose running value the change changed, and that live still has different from before.
 * `live` null: SQL does not answer, then live is taken for what the change left.
 */
export function revertSettings(
  before: readonly SettingEntry[],
  change: readonly SettingEntry[] | null,
  live: readonly SettingEntry[] | null,
): readonly RevertItem[] {
  const after = change ?? live ?? before;
  const now = new Map((live ?? after).map((entry) => [entry.name, entry]));
  return pairs(before, after, 'name').flatMap(({ id, from, to }): RevertItem[] => {
    const is = now.get(id) ?? null;
    const pending = to?.pendingRestart === true && from?.pendingRestart !== true;
    if ((from?.value === to?.value && !pending) || from === null || from.context === 'internal') return [];
    const effect = is?.value === from.value ? (is.pendingRestart ? 'reload' : 'none') : effectOfContext(from.context);
    const common = {
      key: `setting:${id}`,
      section: 'settings' as const,
      action: 'none' as const,
      summary: `${id}: ${shown(is)} → ${shown(from)}`,
    };
    // A value from the environment gives way to a file, one from the command line never does.
    const fixed = outside.has(is?.source ?? '') || from.source === 'command line';
    if (fixed && is?.value !== from.value)
      return [
        {
          ...common,
          effect: 'none',
          decision: 'not-revertible',
          note:
            is === null
              ? `it is not set, was from the ${from.source}`
              : `it comes from the server's ${is.source}, was ${from.source}`,
        },
      ];
    return [{ ...common, effect, decision: effect === 'none' ? 'nothing' : 'restore' }];
  });
}

/**
 * Names of settings whose running value needs a restart to be as before. Only those a restart can change; one that waits for a
 * restart needs none: what the next start makes of it is said by the files, and they are compared on their own.
 */
export function restartNeededFor(
  before: readonly SettingEntry[],
  live: readonly SettingEntry[],
  scope: ReadonlySet<string>,
): readonly string[] {
  return pairs(before, live, 'name')
    .filter(({ from, to }) => from !== null && to !== null && from.context === 'postmaster' && from.value !== to.value)
    .filter(({ id, to }) => scope.has(id) && !outside.has(to?.source ?? ''))
    .map(({ id }) => id);
}

/**
 * Names of settings that a server started with `other` has different from one started with `before`: told by the files alone,
 * for while SQL does not answer. `contexts`: `pg_settings.context` by name.
 */
export function startedDifferently(
  before: ConfTree,
  other: ConfTree,
  contexts: Readonly<Record<string, string>>,
): readonly string[] {
  const [was, is] = [effectiveAssignments(before), effectiveAssignments(other)];
  return Object.keys(contexts).filter((name) => {
    const key = name.toLowerCase();
    return contexts[name] === 'postmaster' && was.get(key)?.value !== is.get(key)?.value;
  });
}

function shown(entry: SettingEntry | null): string {
  return entry === null ? 'unset' : showValue({ vartype: 'integer', unit: entry.unit }, entry.value);
}
