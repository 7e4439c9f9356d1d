/** What an upgrade makes of the old configuration, as items of a revert: named, and nothing that keeps it from being complete. */
import type { RevertItem } from '../plan.ts';
import type { LineNote } from './conf.ts';

type Section = RevertItem['section'];

function note(section: Section, key: string, summary: string, why: string, isLost: boolean): RevertItem {
  return {
    key,
    section,
    action: 'none',
    effect: 'none',
    summary,
    decision: isLost ? 'not-revertible' : 'merge',
    note: why,
  };
}

export function lineItem(path: string, line: LineNote): RevertItem {
  const key = `upgrade:${path}:${line.name.toLowerCase()}`;
  switch (line.kind) {
    case 'left-out':
      return note(
        'files',
        key,
        `${path}: "${line.name}" is left out`,
        `${line.why}; the line stays as a comment`,
        true,
      );
    case 'renamed':
      return note(
        'files',
        key,
        `${path}: "${line.name}" is "${line.to}" now`,
        `renamed in PostgreSQL ${line.major}`,
        false,
      );
    case 'moved':
      return note(
        'files',
        `${key}:${line.from}`,
        `${path}: ${line.name} ${line.from} → ${line.to}`,
        'moved with the upgrade',
        false,
      );
    default:
      return line satisfies never;
  }
}

export function defaultItem(change: {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly major: number;
}): RevertItem {
  const shown = (value: string): string => (value === '' ? "''" : value);
  return note(
    'settings',
    `upgrade:default:${change.name}`,
    `${change.name}: default ${shown(change.from)} → ${shown(change.to)}`,
    `unset before and after: its built-in default is another one since PostgreSQL ${change.major}`,
    true,
  );
}
