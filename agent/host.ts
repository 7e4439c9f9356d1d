/** What the agent asks its host: which boot this is, how long it runs, and who a process is. Linux. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Now } from '../domain/lease.ts';

export interface Clock {
  now(): Now;
}

const noBootId = 'unknown';

export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? noBootId;
}

/**
 * Time since boot rather than since this process began: it goes on while the agent is restarted, and through a suspend,
 * neither of which `performance.now` counts.
 */
export const hostClock: Clock = {
  now: () => ({ bootId: bootId(), monotonicMs: uptime() * 1_000, wallMs: Date.now() }),
};

interface ProcessStat {
  readonly state: string;
  readonly group: number;
  /** Clock ticks since boot; together with the pid it names one process. */
  readonly startTicks: number;
}

/** null: no such process. */
export function processStat(pid: number): ProcessStat | null {
  const text = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined || fields.length < 20) return null;
  return { state: fields[0] ?? '', group: Number(fields[2]), startTicks: Number(fields[19]) };
}

/** Ids of the living members of a process group; a zombie that nobody has collected is not one. */
export function groupMembers(group: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
    .filter((pid) => {
      const stat = processStat(pid);
      return stat !== null && stat.group === group && stat.state !== 'Z' && stat.state !== 'X';
    });
}

/** Process ids mean something within one of these only; null: not known. */
export function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
