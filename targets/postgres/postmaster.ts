/** The server as a process of this host: told by postmaster.pid, reached by signals while SQL does not answer. */
import { kill } from 'node:process';
import { readFile, readlink, realpath } from 'node:fs/promises';
import { codeOf } from './target-error.ts';

export interface Postmaster {
  readonly pid: number;
  /** As postmaster.pid has it, in seconds: with the pid it tells one start from the next, in a container too. */
  readonly started: string;
  readonly port: number;
  /** First folder of sockets; null: none. */
  readonly socketDir: string | null;
  /** First listen address; null: none (sockets only). */
  readonly listenAddress: string | null;
  /** Last line: `ready`, `starting`, `stopping`, `standby`. */
  readonly status: string;
}

/** null: not running. A leftover of a crash, or a process id that somebody else has now, counts as not running. */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | null> {
  const text = await readFile(`${dataDirectory}/postmaster.pid`, 'utf8').catch(() => null);
  const [pidText = '', directory = '', started = '', portText = '', socketDir = '', listenAddress = '', , status = ''] =
    text?.split('\n') ?? [];
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid < 1 || !(await isPostmaster(pid, dataDirectory, directory))) return null;
  return {
    pid,
    started,
    port: Number(portText),
    socketDir: socketDir.trim() === '' ? null : socketDir.trim(),
    listenAddress: listenAddress.trim() === '' ? null : listenAddress.trim(),
    status: status.trim(),
  };
}

/** A postmaster's working directory is its data directory; where that cannot be seen, the file's word must do. */
async function isPostmaster(pid: number, dataDirectory: string, claimed: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const [home, own] = [
    await readlink(`/proc/${pid}/cwd`).catch(codeOf),
    await realpath(dataDirectory).catch(() => dataDirectory),
  ];
  if (home?.startsWith('/') === true) return home === own;
  const said = await realpath(claimed).catch(() => claimed);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, name, state = ''] = /^\d+ \((.*)\) (\S)/s.exec(stat) ?? [];
  // It is on its way out, or has ended and only its parent has not asked for it yet; or was it gone before we looked.
  if (/[ZX]/.test(state) || (name !== undefined && home === 'ENOENT') || !isAlive(pid)) return false;
  return said === own && (name === undefined || /^(postgres|postmaster)/.test(name));
}

export function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Whether a signal would reach it. */
export function maySignal({ pid }: Postmaster): boolean {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
}

/** false: not allowed, or gone. */
export function sendReload({ pid }: Postmaster): boolean {
  try {
    return kill(pid, 'SIGHUP');
  } catch {
    return false;
  }
}

export function isSamePostmaster(a: Postmaster | null, b: Postmaster | null): boolean {
  return a !== null && b !== null && a.pid === b.pid && a.started === b.started;
}
