/** What the old server's settings are on the new one: the expectation that a revert after an upgrade is proven against. */
import type { SettingEntry } from '../snapshot.ts';
import { type NewServer, placeSettings } from './conf.ts';

/** `default` is unset; what the server decides by itself has no file behind it either. */
const unset: ReadonlySet<string> = new Set(['default', 'override']);

const places: ReadonlySet<string> = new Set([...placeSettings, 'config_file']);

/**
 * One entry for each setting whose value is known beforehand: what was set keeps its value, what was unset is unset again
 * and has the new version's default. The rest follows from the files alone.
 */
export function translateSettings(
  before: readonly SettingEntry[],
  after: readonly SettingEntry[],
  server: NewServer,
  leftOut: ReadonlySet<string>,
): readonly SettingEntry[] {
  const { changes, mapPath } = server;
  const old = new Map(before.map((entry) => [changes.renamed.get(entry.name.toLowerCase())?.to ?? entry.name, entry]));
  return after.flatMap((now): readonly SettingEntry[] => {
    const was = old.get(now.name);
    const key = now.name.toLowerCase();
    if (now.context === 'internal' || places.has(key) || now.source === 'command line') return [now];
    if (was === undefined) return unset.has(now.source) ? [now] : newSetting(key, now, server);
    if (unset.has(was.source) || leftOut.has(was.name.toLowerCase()) || leftOut.has(key)) {
      if (unset.has(now.source)) return [{ ...now, pendingRestart: false }];
      const value = newDefault(key, was, now, server);
      return value === null
        ? []
        : [{ ...now, value, source: 'default', sourceFile: null, sourceLine: null, pendingRestart: false }];
    }
    if (server.own.has(key)) return [now];
    // Shown in another way or not at all any more: the line in the file is what is compared.
    if (changes.reread.has(key) || was.unit !== now.unit || was.name !== now.name) return [];
    const sourceFile = was.sourceFile === null ? null : mapPath(was.sourceFile);
    const value = was.value.startsWith('/') ? mapPath(was.value) : was.value;
    return [{ ...was, value, context: now.context, sourceFile, pendingRestart: false }];
  });
}

/** The old server had not even its name: what it is where nobody sets it, as far as the table knows. */
function newSetting(key: string, now: SettingEntry, { changes }: NewServer): readonly SettingEntry[] {
  const value = (changes.defaults.get(key)?.to ?? changes.added.get(key))?.replace(/ \(.*\)$/, '');
  if (value === undefined) return [];
  return [{ ...now, value, source: 'default', sourceFile: null, sourceLine: null, pendingRestart: false }];
}

/** The new packaging set what the old server had not: what it is without that. null: not known. */
function newDefault(key: string, was: SettingEntry, now: SettingEntry, { changes }: NewServer): string | null {
  if (changes.reread.has(key) || was.unit !== now.unit || was.source !== 'default') return null;
  const changed = changes.defaults.get(key);
  return changed === undefined ? was.value : changed.to.replace(/ \(.*\)$/, '');
}

/** Settings that were unset and stay so, and whose meaning is another one now. */
export function changedDefaults(
  before: readonly SettingEntry[],
  { changes }: NewServer,
): readonly { readonly name: string; readonly from: string; readonly to: string; readonly major: number }[] {
  return before
    .filter(({ source }) => source === 'default')
    .flatMap(({ name }) => {
      const change = changes.defaults.get(name.toLowerCase());
      return change === undefined ? [] : [{ name, ...change }];
    });
}
