/** What became of settings between two major versions that need not be neighbours. */
import { settingsByMajor } from './settings-by-major.ts';

export interface ChangesBetween {
  /** Lower-cased name → the version without it. */
  readonly removed: ReadonlyMap<string, number>;
  readonly renamed: ReadonlyMap<string, { readonly to: string; readonly major: number; readonly alias: boolean }>;
  readonly defaults: ReadonlyMap<string, { readonly from: string; readonly to: string; readonly major: number }>;
  /** New since, with its built-in default. */
  readonly added: ReadonlyMap<string, string>;
  /** A value may be shown as another, or be refused: it is not compared. */
  readonly reread: ReadonlySet<string>;
}

export function majorOf(versionNum: number): number {
  return Math.floor(versionNum / 10_000);
}

/** Empty between releases of one major version, and for versions that this release does not know. */
export function changesBetween(from: number, to: number): ChangesBetween {
  const removed = new Map<string, number>();
  const renamed = new Map<string, { to: string; major: number; alias: boolean }>();
  const defaults = new Map<string, { from: string; to: string; major: number }>();
  const added = new Map<string, string>();
  const reread = new Set<string>();
  for (let major = from + 1; major <= to; major += 1) {
    const step = settingsByMajor[major];
    if (step === undefined) continue;
    for (const name of step.removed) removed.set(name.toLowerCase(), major);
    for (const [name, { to: now, alias }] of Object.entries(step.renamed))
      renamed.set(name.toLowerCase(), { to: now, major, alias });
    for (const [name, change] of Object.entries(step.defaults)) {
      const key = name.toLowerCase();
      defaults.set(key, { from: defaults.get(key)?.from ?? change.from, to: change.to, major });
    }
    for (const [name, value] of Object.entries(step.added)) added.set(name.toLowerCase(), value);
    for (const name of step.reread) reread.add(name.toLowerCase());
  }
  return { removed, renamed, defaults, added, reread };
}

/** The newest version whose settings the table knows. */
export const newestKnown: number = Math.max(...Object.keys(settingsByMajor).map(Number));
