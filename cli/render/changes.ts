/** Lists: changes, snapshots. Pure. */
import { dateTimeText } from '../../domain/format.ts';
import { columns } from './text.ts';

export interface ChangeLine {
  readonly target: string;
  readonly changeId: string;
  readonly open: boolean;
  readonly phase: string | null;
  readonly outcome: string | null;
  readonly startedAt: Date;
}

export function renderChanges(changes: readonly ChangeLine[]): string {
  if (changes.length === 0) return 'no changes';
  return columns([
    ['CHANGE', 'STATE', 'STARTED'],
    ...changes.map(({ target, changeId, open, phase, outcome, startedAt }) => [
      `${target}:${changeId}`,
      open ? (phase ?? 'starting') : (outcome ?? 'closed'),
      dateTimeText(startedAt.getTime()),
    ]),
  ]).join('\n');
}

export interface SnapshotLine {
  readonly id: string;
  readonly takenAt: Date;
  readonly changeId: string | null;
  readonly knownGoodAt: Date | null;
  readonly version: string;
}

export function renderSnapshots(rows: readonly SnapshotLine[]): string {
  if (rows.length === 0) return 'no snapshots';
  return columns([
    ['SNAPSHOT', 'TAKEN', 'VERSION', 'CHANGE', ''],
    ...rows.map(({ id, takenAt, version, changeId, knownGoodAt }) => [
      id.slice(0, 12),
      dateTimeText(takenAt.getTime()),
      version,
      changeId ?? '-',
      knownGoodAt === null ? '' : 'known-good',
    ]),
  ]).join('\n');
}
