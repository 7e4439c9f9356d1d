/** What the journal on a database host knows about its open change. Pure. */
import { dateTimeText, durationText } from '../../domain/format.ts';
import type { ClosedRecord } from '../../domain/journal.ts';
import type { JournalPhase } from '../../domain/phase.ts';
import type { ReasonCode } from '../../domain/result.ts';
import type { WayBack } from '../../domain/ways-back.ts';

/** As `rescue --show` gives it. */
export interface JournalShown {
  readonly target: string;
  readonly change: {
    readonly changeId: string;
    readonly workflowId: string;
    readonly phase: JournalPhase;
    readonly changeKind: string;
    readonly owner: string;
    readonly since: number;
    readonly snapshotId: string;
    readonly touched: boolean;
    readonly lease: {
      readonly contactMs: number;
      readonly progressMs: number;
      readonly onContactLost: 'revert' | 'wait';
    };
    readonly commandRuns: string | null;
    readonly revertReason: ReasonCode | null;
    readonly waysBack: readonly WayBack[];
  } | null;
  /** How the newest one has ended, when none is open; null: there was none. */
  readonly last: ClosedRecord | null;
}

export function renderJournal({ target, change, last }: JournalShown, now: number): string {
  if (change === null) return [`${target}: no open change`, ...(last === null ? [] : lastOne(last))].join('\n');
  const { contactMs, progressMs, onContactLost } = change.lease;
  const lines = [`${target}:${change.changeId}  ${change.phase} for ${durationText(Math.max(0, now - change.since))}`];
  const row = (name: string, text: string): void => void lines.push(`  ${name.padEnd(12)}${text}`);
  row('kind', change.changeKind);
  row('snapshot', change.snapshotId.slice(0, 12));
  row(
    'written',
    change.touched
      ? 'perhaps: the change may have touched the server'
      : 'nothing: the change has certainly written nothing',
  );
  if (change.revertReason !== null) row('reverting', change.revertReason);
  else {
    row(
      'contact',
      `${clock(contactMs)}, then ${onContactLost === 'revert' ? 'the agent reverts' : 'the agent waits for the deadline'}`,
    );
    row('deadline', `${clock(progressMs)}, then the agent reverts`);
  }
  if (change.commandRuns !== null) row('command', `"${change.commandRuns}" may still run`);
  for (const [index, { way, open, detail }] of change.waysBack.entries())
    row(index === 0 ? 'ways back' : '', `${way}: ${open ? detail : `no, ${detail}`}`);
  row('workflow', change.workflowId);
  return lines.join('\n');
}

function lastOne({ changeId, phase, by, reason, at }: ClosedRecord): readonly string[] {
  return [`  ${'last'.padEnd(12)}${changeId}: ${phase} by ${by} (${reason}), ${dateTimeText(at)}`];
}

function clock(leftMs: number): string {
  return leftMs > 0 ? `${durationText(leftMs)} left` : 'run out';
}
