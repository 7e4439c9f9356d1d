/** The folder of sealed bodies, each named by the hash of its ciphertext, and whole on disk before anybody names it. */
import { readFile, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured, PlannedChange } from '../targets/target.ts';
import { AgentError } from './agent-error.ts';
import { decodeCaptured, encodeCaptured } from './captured.ts';
import { isMissing, replaceDurably } from './durable.ts';
import { type Sealer, sha256 } from './seal.ts';

/** A plan with the change and the S that it was made for. */
export interface KeptPlan {
  readonly snapshotId: string;
  readonly planned: PlannedChange;
}

export interface SealedBodies {
  /** Answers only after what lies on disk was read back and opened. */
  putCaptured(captured: Captured): Promise<{ readonly ref: string; readonly sealed: Buffer }>;
  captured(ref: string): Promise<Captured>;
  /** As it lies on disk, and as the store keeps it. */
  sealed(ref: string): Promise<Buffer>;
  seal(captured: Captured): Buffer;
  open(sealed: Buffer): Captured;
  putPlan(changeId: string, plan: KeptPlan): Promise<void>;
  /** null: this agent made no such plan for this change. */
  plan(changeId: string, hash: string): Promise<KeptPlan | null>;
  /** Removes bodies that nobody names, and plans that nobody armed in a week. */
  tidy(named: ReadonlySet<string>, nowWallMs: number): Promise<void>;
}

const mostOpened = 2;
const plansKeptMs = 7 * 24 * 3_600_000;
/** A body is written before its journal names it: one that is younger may be just about to be named. */
const bodiesKeptMs = 3_600_000;

export function openSealedBodies(
  folders: { readonly sealed: string; readonly plans: string },
  sealer: Sealer,
): SealedBodies {
  const planPath = (changeId: string, hash: string): string =>
    join(folders.plans, sha256(Buffer.from(`${changeId}\0${hash}`)));
  // S and C of the open change: a revert finds them without reading, opening and parsing them first.
  const opened = new Map<string, Captured>();
  const remember = (ref: string, captured: Captured): Captured => {
    opened.set(ref, captured);
    for (const oldest of opened.keys()) if (opened.size > mostOpened) opened.delete(oldest);
    return captured;
  };
  return {
    async putCaptured(captured) {
      const encoded = encodeCaptured(captured);
      const sealed = sealer.seal(encoded);
      const ref = sha256(sealed);
      await replaceDurably(join(folders.sealed, ref), sealed);
      const back = sealer.unseal(await readBody(folders.sealed, ref));
      if (!back.equals(encoded)) throw damaged(ref);
      remember(ref, captured);
      return { ref, sealed };
    },
    captured: async (ref) =>
      opened.get(ref) ?? remember(ref, decodeCaptured(sealer.unseal(await readBody(folders.sealed, ref)))),
    sealed: (ref) => readBody(folders.sealed, ref),
    seal: (captured) => sealer.seal(encodeCaptured(captured)),
    open: (sealed) => decodeCaptured(sealer.unseal(sealed)),
    async putPlan(changeId, plan) {
      const sealed = sealer.seal(Buffer.from(JSON.stringify(plan)));
      await replaceDurably(planPath(changeId, plan.planned.summary.hash), sealed);
    },
    async plan(changeId, hash) {
      try {
        const plain = sealer.unseal(await readFile(planPath(changeId, hash)));
        return JSON.parse(plain.toString('utf8')) as KeptPlan;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async tidy(named, nowWallMs) {
      await removeOlder(folders.sealed, bodiesKeptMs, nowWallMs, named);
      await removeOlder(folders.plans, plansKeptMs, nowWallMs, named);
    },
  };
}

async function readBody(folder: string, ref: string): Promise<Buffer> {
  const sealed = await readFile(join(folder, ref));
  if (sha256(sealed) !== ref) throw damaged(ref);
  return sealed;
}

async function removeOlder(
  folder: string,
  keptMs: number,
  nowWallMs: number,
  named: ReadonlySet<string>,
): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const age = nowWallMs - (await stat(path)).mtimeMs;
    if (!named.has(name) && age > keptMs) await unlink(path);
  }
}

function damaged(ref: string): AgentError {
  return new AgentError('AgentInternal', {
    code: 'sealed-body-damaged',
    message: `sealed body ${ref.slice(0, 12)} is damaged`,
    detail: 'What lies on disk is not what was written.',
    hint: 'Check the disk that holds the state folder.',
  });
}
