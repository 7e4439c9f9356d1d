/**
 * A new key for the agent. The old one is laid beside before the new one takes its place, and stays until nothing is sealed
 * with it any more: killed anywhere, every body can be opened, and running it again ends what was begun.
 */
import { randomBytes } from 'node:crypto';
import type { AgentConfig } from '../domain/config.ts';
import type { Problem } from '../domain/problem.ts';
import { AgentError, messageOf } from './agent-error.ts';
import { oldKeyPath, removeHalfKeys, removeKey, writeKeys } from './key-file.ts';
import { type Keys, keyIdOf, oldKeys, readKeys } from './key.ts';
import type { Log } from './log.ts';
import { resealFolder } from './reseal.ts';
import { createSealer, headerOf } from './seal.ts';
import type { ResealStore } from './snapshot-store.ts';
import { type StateFolder, isOpenChange, openStateFolder, removeLeftovers, takeAgentLock } from './state-folder.ts';

export interface Rotated {
  /** False: an earlier rotation had been cut off, and was ended instead. */
  readonly isNew: boolean;
  readonly keyId: string;
  /** Bodies sealed anew, on this host and in the store. */
  readonly resealed: { readonly here: number; readonly inStore: number };
  /** Old keys that something still needs, and why; empty: the rotation is through. */
  readonly stillNeeded: readonly { readonly path: string; readonly problem: Problem }[];
}

export interface RotationOptions {
  readonly store: () => Promise<ResealStore>;
  /** Makes a new key for fingerprints as well: snapshots from before show every secret as changed from then on. */
  readonly newFingerprints: boolean;
  readonly log: Log;
}

export async function rotateKey(
  config: AgentConfig,
  { store, newFingerprints, log }: RotationOptions,
): Promise<Rotated> {
  const state = await openStateFolder(config, (await readKeys(config.keyFile)).key, 'key rotation', log);
  try {
    const agentLock = await takeAgentLock(state, config.target);
    const writing = await state.locks.take('writer.lock', writerWaitMs);
    try {
      if (writing.kind === 'taken') throw busy(writing.by);
      await removeLeftovers(state);
      await removeHalfKeys(config.keyFile);
      const isNew = await begin(config, state, newFingerprints);
      return { isNew, ...(await finish(config, state, store, log)) };
    } finally {
      if (writing.kind === 'held') writing.release();
      agentLock.release();
    }
  } finally {
    state.close();
  }
}

const writerWaitMs = 2_000;

/** False: one had begun already. The key itself beside itself is one that was cut off before anything happened. */
async function begin({ keyFile }: AgentConfig, state: StateFolder, newFingerprints: boolean): Promise<boolean> {
  const { key, fingerprints } = await readKeys(keyFile);
  if ((await oldKeys(keyFile)).some((old) => !old.key.equals(key))) return false;
  const journal = state.journal.read();
  if (newFingerprints && isOpenChange(state, journal)) throw changeOpen(journal.changeId);
  const next = randomBytes(key.length);
  const kept: Keys = { key, fingerprints: key };
  await writeKeys(oldKeyPath(keyFile, key), kept, keyFile);
  await writeKeys(keyFile, { key: next, fingerprints: newFingerprints ? next : fingerprints }, keyFile);
  return true;
}

async function finish(
  { keyFile }: AgentConfig,
  state: StateFolder,
  store: RotationOptions['store'],
  log: Log,
): Promise<Omit<Rotated, 'isNew'>> {
  const { key } = await readKeys(keyFile);
  const old = (await oldKeys(keyFile)).filter((each) => !each.key.equals(key));
  const sealer = createSealer(
    key,
    old.map((each) => each.key),
  );
  const here = await resealFolder(state, { sealer, header: headerOf(key), warn: (line) => log.warn(line) });
  const stillNeeded: { path: string; problem: Problem }[] = [];
  let inStore = 0;
  for (const { path, key: was } of old) {
    try {
      inStore += await resealStore(await store(), headerOf(was), sealer);
      await removeKey(path);
    } catch (error) {
      stillNeeded.push({ path, problem: neededByStore(messageOf(error)) });
    }
  }
  return { keyId: keyIdOf(key), resealed: { here, inStore }, stillNeeded };
}

const batch = 100;

/** Whatever was sealed anew meanwhile by somebody else is left alone. */
async function resealStore(
  store: ResealStore,
  header: Buffer,
  sealer: ReturnType<typeof createSealer>,
): Promise<number> {
  let count = 0;
  for (let after = ''; ;) {
    const ids = await store.sealedBeginningWith(header, after, batch);
    for (const id of ids) {
      const sealed = await store.sealedBody(id);
      if (sealed !== null && (await store.replaceSealed(id, sealed, sealer.seal(sealer.unseal(sealed))))) count += 1;
    }
    const last = ids.at(-1);
    if (last === undefined) return count;
    after = last;
  }
}

function neededByStore(detail: string): Problem {
  return {
    code: 'old-key-needed',
    message: 'snapshots in the store may still be sealed with the old key',
    detail,
    hint: 'The agent opens both. Run "knowngood key rotate" again once the store can be reached: it ends this rotation.',
  };
}

function changeOpen(changeId: string): AgentError {
  return new AgentError('AgentInternal', {
    code: 'change-open',
    message: `change ${changeId} is open: fingerprints must keep their key until it has ended`,
    detail: 'They tell which secrets the change has touched.',
    hint: 'Rotate without --fingerprints, or wait for the end of the change.',
  });
}

function busy({ what, pid }: { readonly what: string; readonly pid: number }): AgentError {
  return new AgentError('AgentInternal', {
    code: 'writer-busy',
    message: `${what} (process ${pid}) is writing to this target`,
    hint: 'Wait for it, then try again.',
  });
}
