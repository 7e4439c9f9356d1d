/** The ends of changes, one small file each: final, and remembered longer than Temporal remembers the workflow. */
import { readFileSync } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosedRecord } from '../domain/journal.ts';
import { AgentError } from './agent-error.ts';
import { isMissing, replaceDurably } from './durable.ts';

export interface ClosedChanges<Details> {
  /** null: not closed. */
  read(changeId: string): ClosedChange<Details> | null;
  /** Call it with the journal locked. The first end stands. */
  write(closed: ClosedChange<Details>): Promise<void>;
  tidy(nowWallMs: number): Promise<void>;
}

/** `details`: the answer as it was given, for a caller who lost it; null for a tombstone and where there was none. */
export type ClosedChange<Details> = ClosedRecord & { readonly note: string | null; readonly details: Details | null };

/** What is told of it everywhere: small, without the proof. */
export function closedRecordOf({ changeId, phase, by, reason, snapshotId, at }: ClosedRecord): ClosedRecord {
  return { changeId, phase, by, reason, snapshotId, at };
}

/** Far beyond any retention of workflow histories plus the 30 days that are promised. */
const keptMs = 400 * 24 * 3_600_000;

export function openClosedChanges<Details>(folder: string): ClosedChanges<Details> {
  const pathOf = (changeId: string): string => join(folder, `${changeId}.json`);
  const read = (changeId: string): ClosedChange<Details> | null => {
    const path = pathOf(changeId);
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as ClosedChange<Details>;
    } catch (error) {
      if (isMissing(error)) return null;
      throw unreadable(path, error);
    }
  };
  return {
    read,
    async write(closed) {
      if (read(closed.changeId) === null) await replaceDurably(pathOf(closed.changeId), `${JSON.stringify(closed)}\n`);
    },
    async tidy(nowWallMs) {
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (nowWallMs - (await stat(path)).mtimeMs > keptMs) await unlink(path);
      }
    },
  };
}

/** That the file is there proves the change is over; how it ended has to be looked up by a person. */
function unreadable(path: string, cause: unknown): AgentError {
  return new AgentError(
    'AgentInternal',
    {
      code: 'closed-record-unreadable',
      message: `record ${path} of a closed change cannot be read`,
      hint: 'The change is over; nothing is written for it. Mend or restore the file to learn how it ended.',
    },
    cause,
  );
}
