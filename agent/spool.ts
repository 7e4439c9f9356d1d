/** What the store is to have, kept here until it has it: the store is on no critical path once a change is armed. */
import { readFile, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotStore } from './snapshot-store.ts';
import { messageOf } from './agent-error.ts';
import { replaceDurably, unfinished } from './durable.ts';
import type { StateFolder } from './state-folder.ts';

export interface SpoolEntry {
  readonly ref: string;
  readonly changeId: string;
  /** Marked only once the change is closed as confirmed. */
  readonly knownGood: boolean;
}

export function spoolName({ changeId, ref, knownGood }: SpoolEntry): string {
  return `${changeId}.${ref.slice(0, 16)}${knownGood ? '.known-good' : ''}.json`;
}

export interface Spool {
  add(entry: SpoolEntry): Promise<void>;
  /** Bodies that are still to be sent. */
  refs(): Promise<readonly string[]>;
  /** Sends what it can; what the store does not take now stays. */
  flush(): Promise<void>;
}

export function openSpool(
  folder: string,
  target: string,
  state: Pick<StateFolder, 'bodies' | 'closed'>,
  store: (() => Promise<SnapshotStore>) | null,
  warn: (line: string) => void,
): Spool {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let away = false;

  async function entries(): Promise<{ path: string; entry: SpoolEntry }[]> {
    const names = (await readdir(folder)).filter((name) => !name.endsWith(unfinished));
    const read = names.map(async (name) => {
      const path = join(folder, name);
      return { path, entry: JSON.parse(await readFile(path, 'utf8')) as SpoolEntry };
    });
    return Promise.all(read);
  }

  async function send(to: SnapshotStore, { path, entry }: { path: string; entry: SpoolEntry }): Promise<void> {
    const end = state.closed.read(entry.changeId);
    // Between its spooling and its confirmation nobody knows yet whether it will be known-good.
    if (entry.knownGood && end === null) return;
    const sealed = await state.bodies.sealed(entry.ref);
    const { snapshot } = state.bodies.open(sealed);
    if (snapshot !== null) {
      await to.putSnapshot(target, snapshot, sealed, entry.changeId);
      if (entry.knownGood && end?.phase === 'confirmed') await to.markKnownGood(target, snapshot.id, entry.changeId);
    }
    await unlink(path);
  }

  async function flushAll(): Promise<void> {
    if (store === null) return;
    try {
      const waiting = await entries();
      if (waiting.length === 0) return;
      const to = await store();
      for (const one of waiting) await send(to, one);
      away = false;
    } catch (error) {
      if (!away) warn(`the store does not take snapshots now, they are kept and sent later: ${messageOf(error)}`);
      away = true;
    }
  }

  return {
    async add(entry) {
      await replaceDurably(join(folder, spoolName(entry)), JSON.stringify(entry));
    },
    refs: async () => (await entries()).map(({ entry }) => entry.ref),
    async flush() {
      // One that runs may have passed by what this call is about: it gets another one after that.
      next ??= (running ?? Promise.resolve()).then(() => {
        next = null;
        return (running = flushAll());
      });
      await next;
    },
  };
}
