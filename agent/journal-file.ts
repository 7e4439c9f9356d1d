/**
 * The journal on disk: one file, replaced as a whole, checked by a sum, the generation before it kept beside it. The disk
 * is the only truth; nothing is answered from memory, so that `rescue` and the agent always see the same.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, fromPreviousGeneration } from '../domain/journal.ts';
import { AgentError, messageOf } from './agent-error.ts';
import { hasCode, isMissing, replaceDurably } from './durable.ts';
import type { Locks } from './locks.ts';
import { sha256 } from './seal.ts';

export interface JournalFile {
  /** About 0.1 ms: cheap enough to be asked before each write. null: there was never a change. */
  read(): Journal | null;
  /** Read, decide and write without anybody in between, in this process or another. */
  exclusive<T>(work: (journal: Journal | null, write: (next: Journal) => Promise<void>) => Promise<T>): Promise<T>;
}

const format = 1;

/** Held for the few ms of a read and a write; who waits longer waits for a disk that hangs. */
const lockWaitMs = 30_000;

/** The newest whole generation. `whole` false: it is not the newest there was. */
export function readJournal(folder: string): { readonly journal: Journal | null; readonly whole: boolean } {
  const path = join(folder, 'journal.json');
  const newest = parse(path);
  if (newest.kind === 'read') return { journal: newest.journal, whole: true };
  const before = parse(join(folder, previousName));
  if (newest.kind === 'missing' && before.kind === 'missing') return { journal: null, whole: true };
  if (before.kind !== 'read') throw unreadable(path, newest.kind === 'damaged' ? newest.why : 'it is missing');
  return { journal: fromPreviousGeneration(before.journal), whole: false };
}

const previousName = 'journal.previous.json';

export function openJournalFile(folder: string, locks: Locks, warn: (line: string) => void): JournalFile {
  const path = join(folder, 'journal.json');
  const previous = join(folder, previousName);
  let warned = false;
  let queue: Promise<unknown> = Promise.resolve();

  function read(): Journal | null {
    const { journal, whole } = readJournal(folder);
    if (!whole && !warned) warn(`journal ${path} is damaged: going on with the generation before it`);
    warned = !whole;
    return journal;
  }

  async function write(next: Journal): Promise<void> {
    // A damaged generation is never kept as the previous one: that would push out the last whole one.
    const { whole } = readJournal(folder);
    await replaceDurably(path, encode(next), whole ? { keepAs: previous } : {});
  }

  return {
    read,
    exclusive(work) {
      const mine = queue.then(async () => {
        const lock = await locks.take('journal.lock', lockWaitMs);
        if (lock.kind === 'taken') throw lockedOut(path, lock.by.pid);
        try {
          return await work(read(), write);
        } finally {
          lock.release();
        }
      });
      queue = mine.catch(() => undefined);
      return mine;
    },
  };
}

function encode(journal: Journal): string {
  const body = JSON.stringify(journal);
  return `{"knowngoodJournal":${format},"sha256":"${sha256(Buffer.from(body))}","journal":${body}}\n`;
}

type Parsed =
  | { readonly kind: 'read'; readonly journal: Journal }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly why: string };

function parse(path: string): Parsed {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { kind: 'missing' };
    if (hasCode(error, 'EACCES')) throw error;
    return { kind: 'damaged', why: messageOf(error) };
  }
  try {
    const envelope = JSON.parse(text) as { knowngoodJournal?: unknown; sha256?: unknown; journal?: Journal };
    if (envelope.knowngoodJournal !== format || envelope.journal === undefined)
      return { kind: 'damaged', why: `it is not of format ${format}` };
    const body = Buffer.from(JSON.stringify(envelope.journal));
    if (sha256(body) !== envelope.sha256) return { kind: 'damaged', why: 'its checksum does not fit' };
    return { kind: 'read', journal: envelope.journal };
  } catch {
    return { kind: 'damaged', why: 'it is not JSON' };
  }
}

function unreadable(path: string, why: string): AgentError {
  return new AgentError('AgentInternal', {
    code: 'journal-unreadable',
    message: `journal ${path} cannot be read, nor the generation before it`,
    detail: why,
    hint: 'Compare the configuration with the known-good snapshot by hand, then move both files away.',
  });
}

function lockedOut(path: string, pid: number): AgentError {
  return new AgentError('AgentInternal', {
    code: 'journal-locked',
    message: `journal ${path} is held by process ${pid}`,
    detail: `It was not released within ${lockWaitMs / 1_000} s.`,
    hint: 'Check whether that process or its disk hangs.',
  });
}
