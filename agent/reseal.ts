/**
 * Seals everything in a state folder anew with the newest key, in an order in which every moment is whole: the new body
 * first, then what names it, and the old body last. Run again after having been cut off anywhere, it ends the same.
 */
import { readFile, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../domain/journal.ts';
import { AgentError, messageOf } from './agent-error.ts';
import { replaceDurably, unfinished } from './durable.ts';
import { type Sealer, sha256 } from './seal.ts';
import type { SpoolEntry } from './spool.ts';
import { spoolName } from './spool.ts';
import type { StateFolder } from './state-folder.ts';

export interface Resealing {
  readonly sealer: Sealer;
  /** What bodies of the newest key begin with. */
  readonly header: Buffer;
  readonly warn: (line: string) => void;
}

/** Answers how many bodies were sealed anew. The agent's lock must be held. */
export async function resealFolder(state: StateFolder, how: Resealing): Promise<number> {
  const moved = await resealBodies(state, how);
  await renameInJournal(state, moved);
  await renameInSpool(state, moved);
  const plans = await resealPlans(join(state.path, 'plans'), how);
  for (const old of moved.keys()) await unlink(join(state.path, 'sealed', old));
  return moved.size + plans;
}

/** Old name → new name: bodies are named by their ciphertext. */
async function resealBodies(state: StateFolder, how: Resealing): Promise<ReadonlyMap<string, string>> {
  const folder = join(state.path, 'sealed');
  const named = new Set([
    ...namesIn(state.journal.read()),
    ...(await spoolEntries(state)).map(({ entry }) => entry.ref),
  ]);
  const moved = new Map<string, string>();
  for (const name of await namesOf(folder)) {
    const sealed = await readFile(join(folder, name));
    if (startsWith(sealed, how.header)) continue;
    const anew = open(sealed, name, named.has(name), how);
    if (anew === null) continue;
    const ref = sha256(anew);
    await replaceDurably(join(folder, ref), anew);
    moved.set(name, ref);
  }
  return moved;
}

/** null: nobody names it and no key opens it; it is left for the tidying. */
function open(sealed: Buffer, name: string, isNamed: boolean, { sealer, warn }: Resealing): Buffer | null {
  try {
    return sealer.seal(sealer.unseal(sealed));
  } catch (error) {
    if (isNamed)
      throw new AgentError(
        'AgentInternal',
        {
          code: 'cannot-reseal',
          message: `sealed body ${name.slice(0, 12)} of the open change cannot be opened`,
          detail: messageOf(error),
          hint: 'Put the key back that it was sealed with; the keys were left as they are.',
        },
        error,
      );
    warn(`sealed body ${name.slice(0, 12)} is left as it is: nothing names it, and no key opens it`);
    return null;
  }
}

function namesIn(journal: Journal | null): readonly string[] {
  return journal === null
    ? []
    : [journal.refs.baseline, ...(journal.refs.change === null ? [] : [journal.refs.change])];
}

/** Twice: the generation before, which is read when the newest is damaged, must not name what is about to go. */
function renameInJournal(state: StateFolder, moved: ReadonlyMap<string, string>): Promise<void> {
  return state.journal.exclusive(async (journal, write) => {
    if (journal === null || moved.size === 0) return;
    const { baseline, change } = journal.refs;
    const refs = {
      baseline: moved.get(baseline) ?? baseline,
      change: change === null ? null : (moved.get(change) ?? change),
    };
    for (let generation = 0; generation < 2; generation += 1) await write({ ...journal, refs });
  });
}

async function renameInSpool(state: StateFolder, moved: ReadonlyMap<string, string>): Promise<void> {
  for (const { path, entry } of await spoolEntries(state)) {
    const ref = moved.get(entry.ref);
    if (ref === undefined) continue;
    const renamed = { ...entry, ref };
    await replaceDurably(join(state.spoolFolder, spoolName(renamed)), JSON.stringify(renamed));
    await unlink(path);
  }
}

async function spoolEntries({ spoolFolder }: StateFolder): Promise<readonly { path: string; entry: SpoolEntry }[]> {
  const read = (await namesOf(spoolFolder)).map(async (name) => {
    const path = join(spoolFolder, name);
    return { path, entry: JSON.parse(await readFile(path, 'utf8')) as SpoolEntry };
  });
  return Promise.all(read);
}

/** Named by what they are for: they keep their names. */
async function resealPlans(folder: string, { sealer, header, warn }: Resealing): Promise<number> {
  let count = 0;
  for (const name of await namesOf(folder)) {
    const path = join(folder, name);
    const sealed = await readFile(path);
    if (startsWith(sealed, header)) continue;
    try {
      await replaceDurably(path, sealer.seal(sealer.unseal(sealed)));
      count += 1;
    } catch (error) {
      // A plan that cannot be read is planned again.
      warn(`plan ${name.slice(0, 12)} is left as it is: ${messageOf(error)}`);
    }
  }
  return count;
}

async function namesOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !name.endsWith(unfinished)).sort();
}

export function startsWith(sealed: Buffer, header: Buffer): boolean {
  return sealed.subarray(0, header.length).equals(header);
}
