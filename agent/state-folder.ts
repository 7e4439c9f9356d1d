/** The agent's own folder (0700): journal, ends of changes, sealed bodies, spool and locks; opened by agent and rescue. */
import { chmod, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reverted } from '../domain/agent-steps.ts';
import type { AgentConfig } from '../domain/config.ts';
import { type Journal, isOpen } from '../domain/journal.ts';
import { AgentError, messageOf } from './agent-error.ts';
import { type ClosedChanges, openClosedChanges } from './closed-changes.ts';
import { makePrivateFolder, unfinished } from './durable.ts';
import { oldKeys } from './key.ts';
import { type JournalFile, openJournalFile } from './journal-file.ts';
import { type Held, type Locks, openLocks } from './locks.ts';
import type { Log } from './log.ts';
import { type Sealer, createSealer } from './seal.ts';
import { type SealedBodies, openSealedBodies } from './sealed-bodies.ts';

export interface StateFolder {
  readonly path: string;
  readonly locks: Locks;
  readonly journal: JournalFile;
  readonly closed: ClosedChanges<Reverted>;
  readonly bodies: SealedBodies;
  readonly spoolFolder: string;
  close(): void;
}

/** Without a key file nothing can be told of older keys: then `key` is the only one. */
type Folders = Pick<AgentConfig, 'stateDir'> & Partial<Pick<AgentConfig, 'keyFile'>>;

type Who = 'agent' | 'rescue' | 'key rotation';

export async function openStateFolder(config: Folders, key: Buffer, who: Who, log: Log): Promise<StateFolder> {
  try {
    return await open(config, key, who, log);
  } catch (error) {
    // Only what the operating system refuses: a full disk, a missing right.
    if (!(typeof error === 'object' && error !== null && 'syscall' in error)) throw error;
    throw new AgentError(
      'AgentInternal',
      {
        code: 'state-folder-unusable',
        message: `the state folder ${config.stateDir} cannot be used`,
        detail: messageOf(error),
        hint: 'It needs room, and its user the right to write there. A change that is open is taken up again at the next start.',
      },
      error,
    );
  }
}

async function open(config: Folders, key: Buffer, who: Who, log: Log): Promise<StateFolder> {
  const path = config.stateDir;
  const [sealed, plans, closed, spool] = ['sealed', 'plans', 'closed', 'spool'].map((name) => join(path, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [path, sealed, plans, closed, spool]) await makePrivateFolder(folder);
  await chmod(path, 0o700);
  const sealer = await sealerOf(config, key);
  const locks = openLocks(path, who);
  return {
    path,
    locks,
    journal: openJournalFile(path, locks, (line) => log.warn(line)),
    closed: openClosedChanges<Reverted>(closed),
    bodies: openSealedBodies({ sealed, plans }, sealer),
    spoolFolder: spool,
    close: () => locks.close(),
  };
}

/** Sealed bodies for who only reads them: makes no folder and takes no lock. */
export async function readBodies(config: Folders, key: Buffer): Promise<SealedBodies> {
  const [sealed, plans] = [join(config.stateDir, 'sealed'), join(config.stateDir, 'plans')];
  return openSealedBodies({ sealed, plans }, await sealerOf(config, key));
}

async function sealerOf({ keyFile }: Folders, key: Buffer): Promise<Sealer> {
  return createSealer(key, keyFile === undefined ? [] : (await oldKeys(keyFile)).map((old) => old.key));
}

/** One agent a target: the second one is told who the first is. Waits a little for one that is just ending. */
export async function takeAgentLock(state: StateFolder, target: string): Promise<Held> {
  const lock = await state.locks.take('agent.lock', 2_000);
  if (lock.kind === 'held') return lock;
  throw new AgentError('AgentInternal', {
    code: 'agent-runs-already',
    message: `an agent for target ${target} runs already: process ${lock.by.pid} on ${lock.by.host}`,
    detail: `It holds ${join(state.path, 'agent.lock')}.`,
    hint: 'Stop that one first; a second agent needs a target and a state folder of its own.',
  });
}

/** The record of an end outranks the journal: between the two writes of a close a process may have been killed. */
export function isOpenChange(state: Pick<StateFolder, 'closed'>, journal: Journal | null): journal is Journal {
  return isOpen(journal) && state.closed.read(journal.changeId) === null;
}

/** What a process that died in the middle of a replacement left behind. Only with the agent's lock held. */
export async function removeLeftovers(state: StateFolder): Promise<void> {
  for (const folder of ['.', 'sealed', 'plans', 'closed', 'spool']) {
    const names = await readdir(join(state.path, folder));
    for (const name of names.filter((entry) => entry.endsWith(unfinished)))
      await unlink(join(state.path, folder, name));
  }
}
