/** Holds a revert's restart back while it would raise what a standby must have as well, and has not. */
import type { Problem } from '../../domain/problem.ts';
import type { SettingEntry } from '../../domain/snapshot.ts';
import { type Raise, standbySettings } from '../../domain/standby.ts';
import type { Captured } from '../target.ts';
import type { Parts } from './parts.ts';
import { raiseProblemsOf } from './standbys.ts';
import { messageOf } from './target-error.ts';

/** `names`: settings that only a restart restores. Empty: nothing speaks against it; lowering never does. */
export async function heldByStandbys(
  parts: Parts,
  { snapshot }: Captured,
  running: readonly SettingEntry[],
  names: readonly string[],
): Promise<readonly Problem[]> {
  const value = (entries: readonly SettingEntry[], name: string): number =>
    Number(entries.find((entry) => entry.name === name)?.value);
  const raises = standbySettings
    .filter((name) => names.includes(name))
    .map((name): Raise & { from: number } => ({
      name,
      from: value(running, name),
      to: value(snapshot?.sections.settings ?? [], name),
    }))
    .filter(({ from, to }) => to > from);
  try {
    return await raiseProblemsOf(parts, raises);
  } catch (error) {
    return [
      {
        code: 'standby-unknown',
        message: 'whether standbys could follow a restart with the old settings could not be asked',
        detail: messageOf(error),
      },
    ];
  }
}
