/** Whom it was told to, a line a message, as phones show them. Pure. */
import type { Colors } from 'picocolors/types.js';
import { timeText } from '../domain/format.ts';
import { oneLine, shorten } from '../domain/markdown.ts';
import type { Heard } from './people.ts';

export interface Told {
  /** Of the change. */
  readonly change: readonly Heard[];
  /** Of the drift, once somebody brings the same configuration again; null: nobody was told. */
  readonly alarm: Heard | null;
}

/** Longer ones are read on the phone. */
const textWidth = 260;

export function renderTold({ change, alarm }: Told, colors: Colors): string[] {
  const line = ({ at, by, team, text }: Heard): string =>
    `  ${colors.dim(timeText(at))}  ${`${by} · ${team}`.padEnd(23)}${shorten(oneLine(text), textWidth)}`;
  return [
    colors.bold('  What people heard'),
    ...change.map(line),
    '',
    colors.bold('  And when a playbook writes the same configuration again, not yet loaded'),
    ...(alarm === null ? [colors.red('  nothing')] : [line(alarm)]),
  ];
}

/** What should have rung and did not. */
export function notHeard({ change, alarm }: Told): readonly string[] {
  const heard = (by: Heard['by'], words: string): boolean =>
    change.some((one) => one.by === by && one.text.includes(words));
  const wanted: readonly (readonly [boolean, string])[] = [
    [heard('slack', 'Reverted'), 'no team heard by Slack that it was reverted'],
    [heard('pagerduty', 'trigger'), 'the pager did not ring'],
    [heard('pagerduty', 'resolve'), 'the pager was not told that it is over'],
    [alarm !== null, 'the drift was not told'],
  ];
  return wanted.flatMap(([isHeard, otherwise]) => (isHeard ? [] : [otherwise]));
}
