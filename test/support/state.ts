/** A state folder, a journal and a quiet log for one test. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import type { Log } from '../../agent/log.ts';
import { type StateFolder, openStateFolder } from '../../agent/state-folder.ts';
import type { Journal } from '../../domain/journal.ts';

export interface Said extends Log {
  readonly lines: string[];
}

export function quietLog(): Said {
  const lines: string[] = [];
  return { lines, info: (line) => void lines.push(line), warn: (line) => void lines.push(line) };
}

/** Makes folders that go after each test. */
export function useFolders(): () => string {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'knowngood-state-'));
    folders.push(folder);
    return folder;
  };
}

export const aKey = randomBytes(32);

export function aStateFolder(
  stateDir: string,
  log: Log = quietLog(),
  who: 'agent' | 'rescue' = 'agent',
): Promise<StateFolder> {
  return openStateFolder({ stateDir }, aKey, who, log);
}

export function aJournal(bend: Partial<Journal> = {}): Journal {
  return {
    target: 'shop-db',
    changeId: 'upgrade',
    workflowId: 'knowngood:shop-db:upgrade',
    owner: 'run-2',
    pastOwners: ['run-1'],
    epoch: 4,
    phase: 'armed',
    since: 0,
    changeKind: 'config',
    planHash: 'p',
    snapshotId: 's',
    touched: false,
    refs: { baseline: 'b', change: null },
    witnesses: [],
    policy: { leaseMs: 1, graceMs: 1, onContactLost: 'revert', quietMs: 1, revertMayRestart: false },
    lease: { contactBy: 1, progressBy: 1, sequence: 0, watching: false, bootId: 'a', savedAt: 0, savedAtWall: 0 },
    incarnation: null,
    command: null,
    applied: null,
    revert: null,
    ...bend,
  };
}
