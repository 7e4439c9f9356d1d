/** What lies in the agent's state folder, read as `rescue --show` reads it: journal, ends of changes, spool, locks. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJournal } from '../../agent/journal-file.ts';
import { type ClosedRecord, type Journal, isFinal } from '../../domain/journal.ts';
import type { Moment } from './scenario.ts';

export function closedRecord(stateDir: string, changeId: string): ClosedRecord | null {
  const path = join(stateDir, 'closed', `${changeId}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ClosedRecord) : null;
}

/** null: none is open. */
export function openJournal(stateDir: string): Journal | null {
  const { journal } = readJournal(stateDir);
  if (journal === null || isFinal(journal.phase) || closedRecord(stateDir, journal.changeId) !== null) return null;
  return journal;
}

export function spooled(stateDir: string): readonly string[] {
  return readdirSync(join(stateDir, 'spool')).filter((name) => name.endsWith('.json'));
}

export interface Watched {
  /** False: the run was over first. */
  reached(moment: Moment): Promise<boolean>;
  over(): void;
}

const lookMs = 10;

/** Follows a change by its journal. `start` is now. */
export function watchMoments(stateDir: string, changeId: string): Watched {
  const seen = new Set<Moment>(['start']);
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      look();
      await sleep(lookMs);
    }
  })();

  function look(): void {
    try {
      const { journal } = readJournal(stateDir);
      if (closedRecord(stateDir, changeId) !== null) seen.add('closed');
      if (journal?.changeId !== changeId || isFinal(journal.phase)) return;
      seen.add('armed').add(journal.phase);
    } catch {
      // Half removed, half written: the next look sees it whole.
    }
  }

  return {
    async reached(moment) {
      while (!isOver && !seen.has(moment)) await sleep(lookMs);
      return seen.has(moment);
    },
    over() {
      seen.add('closed');
      isOver = true;
      void watching;
    },
  };
}
