/** Samples that the store did not take wait in files, so that they outlive this process; nothing else is kept here. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Sample } from '../domain/check.ts';
import type { RecordSamples } from './sample-spool.ts';

/** Some days of a batch every two seconds; a store that is away for longer must not fill the disk. */
const mostFiles = 100_000;
const everyMs = 5_000;
/** A store that hangs is a store that is away. */
const answerMs = 5_000;

interface Options {
  readonly folder: string;
  /** Idempotent: a batch may be sent twice. */
  readonly store: RecordSamples;
  readonly warn?: (line: string) => void;
}

export interface SampleFolder {
  /** Resolves once the samples are in the store or on disk; rejects when neither takes them. */
  readonly record: RecordSamples;
  /** Leaves what is still unsent to the next process. */
  close(): Promise<void>;
}

interface Batch {
  readonly target: string;
  readonly changeId: string;
  readonly samples: readonly Sample[];
}

/** What an earlier process left in the folder is sent too. */
export function openSampleFolder({ folder, store, warn = (line) => console.error(line) }: Options): SampleFolder {
  let written = 0;
  let sending: Promise<void> | null = null;
  let closed = false;
  /** While it is, batches go to disk at once instead of waiting for the store's silence one after the other. */
  let away = false;

  const send = async (): Promise<void> => {
    const names = await batchesIn(folder);
    await makeRoom(folder, names, warn);
    for (const name of names.slice(-mostFiles)) {
      if (closed) return;
      const path = join(folder, name);
      const batch = await readBatch(path);
      if (batch !== null) await within(answerMs, store(batch.target, batch.changeId, batch.samples));
      else warn(`${path} is damaged: its samples are dropped`);
      await rm(path, { force: true });
    }
    // An empty folder tells nothing of the store.
    if (names.length > 0) away = false;
  };
  const sendNow = (): Promise<void> =>
    (sending ??= send()
      .catch(() => undefined)
      .finally(() => (sending = null)));
  const timer = setInterval(() => void sendNow(), everyMs);
  timer.unref();
  void sendNow();

  return {
    async record(target, changeId, samples) {
      let refused: unknown = null;
      if (!away) {
        try {
          return await within(answerMs, store(target, changeId, samples));
        } catch (error) {
          refused = error;
          away = true;
        }
      }
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const batch: Batch = { target, changeId, samples };
        // Sorted by name they are sorted by age.
        const name = `${Date.now()}-${process.pid}-${String(++written).padStart(9, '0')}.json`;
        await writeFileAtomic(join(folder, name), JSON.stringify(batch), { mode: 0o600 });
      } catch (error) {
        // The next batch asks the store again.
        away = false;
        throw refused ?? error;
      }
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await sending;
    },
  };
}

async function batchesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.json')).sort();
}

/** The oldest go. */
async function makeRoom(folder: string, names: readonly string[], warn: (line: string) => void): Promise<void> {
  const tooMany = names.slice(0, Math.max(0, names.length - mostFiles));
  if (tooMany.length > 0) warn(`${tooMany.length} batches of samples in ${folder} are dropped: the store is away`);
  for (const name of tooMany) await rm(join(folder, name), { force: true });
}

/** null: not a batch. */
async function readBatch(path: string): Promise<Batch | null> {
  const text = await readFile(path, 'utf8');
  try {
    const batch = JSON.parse(text) as Partial<Batch> | null;
    return batch?.target !== undefined && batch.changeId !== undefined && Array.isArray(batch.samples)
      ? (batch as Batch)
      : null;
  } catch {
    return null;
  }
}

function within(ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the store did not answer within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
