/** What a revert would do now, as a DBA would write it. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { Effect } from '../../domain/phase.ts';
import type { RevertItem } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import { diffLines } from './plan.ts';
import { noColors, renderProblems } from './problem.ts';
import type { Colors } from './problem.ts';
import { columns } from './text.ts';

export type RevertShown =
  | {
      readonly items: readonly RevertItem[];
      readonly effect: Effect;
      readonly diff: string;
      readonly held?: readonly Problem[];
    }
  | { readonly problem: Problem };

export function renderRevert(shown: RevertShown, colors: Colors = noColors): string {
  if ('problem' in shown) return `what a revert would do cannot be told:\n${renderProblems([shown.problem], colors)}`;
  const { items, effect, diff, held = [] } = shown;
  const told = items.filter(({ decision }) => decision !== 'nothing');
  const closed = held.map(({ message }) => `  ${colors.yellow('HELD BACK:')}  ${oneLine(message)} (--reopen opens it)`);
  if (told.length === 0 && closed.length === 0) return 'a revert would write nothing: all is as before the change';
  return [
    `${colors.bold('a revert would')} (effect ${effect})`,
    ...columns(told.map(({ decision, effect: takes, summary }) => [`  ${words[decision]}`, takes, oneLine(summary)])),
    ...told.flatMap(({ note, key }) =>
      note === undefined ? [] : [`  ${colors.yellow('NOTE:')}  ${key}: ${oneLine(note)}`],
    ),
    ...closed,
    ...(diff === '' ? [] : ['', ...diffLines(diff, colors)]),
  ].join('\n');
}

const words: Record<RevertItem['decision'], string> = {
  restore: 'restore',
  nothing: 'leave',
  merge: 'merge',
  'conflict-restored': 'restore, a conflict',
  'conflict-kept': 'keep, a conflict',
  'not-revertible': 'cannot',
  held: 'keep closed',
};
