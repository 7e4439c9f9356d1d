/** The live server's own programs, as the process that runs has them: no guess by folder or package. */
import { access, constants, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { geteuid } from 'node:process';
import type { Problem } from '../../../domain/problem.ts';
import { findPostmaster } from '../postmaster.ts';
import { type ServerUser, environmentOf } from './run.ts';

export interface Binaries {
  readonly postgres: string;
  /** null: not beside it. */
  readonly initdb: string | null;
  /** Owns the data directory; null: this process is that user. */
  readonly user: ServerUser | null;
  readonly owner: ServerUser;
  readonly env: NodeJS.ProcessEnv;
  /** Of the live server, beside its own. */
  readonly groups: readonly number[];
}

/** A Problem: nothing can be rehearsed here. */
export async function findBinaries(dataDirectory: string): Promise<Binaries | Problem> {
  const { uid, gid } = await stat(dataDirectory);
  const self = geteuid?.() ?? -1;
  if (self !== 0 && self !== uid)
    return unable(
      `The agent runs as user ${self}, the server as ${uid}.`,
      'Run the agent as the user that owns the server, or as root.',
    );
  const postmaster = await findPostmaster(dataDirectory);
  if (postmaster === null) return unable('The server does not run, or its process is not seen from here.');
  const exe = await readlink(`/proc/${postmaster.pid}/exe`).catch(() => null);
  if (exe === null) return unable(`What process ${postmaster.pid} runs cannot be seen.`);
  if (exe.endsWith(' (deleted)'))
    return unable(
      `The program of the running server has been replaced: ${exe.slice(0, -' (deleted)'.length)}.`,
      'Restart the server: until then nobody can say with which program it would start.',
    );
  const initdb = await realpath(`${dirname(exe)}/initdb`).catch(() => null);
  return {
    postgres: exe,
    initdb: initdb !== null && (await isRunnable(initdb)) ? initdb : null,
    user: self === 0 && uid !== 0 ? { uid, gid } : null,
    owner: { uid, gid },
    groups: await groupsOf(postmaster.pid),
    env: environmentOf(await environmentFrom(postmaster.pid)),
  };
}

async function environmentFrom(pid: number): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return Object.fromEntries(
    text
      .split('\0')
      .flatMap((pair) =>
        pair.includes('=') ? [[pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]] : [],
      ),
  );
}

async function groupsOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (/^Groups:(.*)$/m.exec(text)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
}

function isRunnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function unable(detail: string, hint?: string): Problem {
  return {
    code: 'cannot-rehearse',
    message: 'nothing can be rehearsed on this host',
    detail,
    ...(hint === undefined ? {} : { hint }),
  };
}
