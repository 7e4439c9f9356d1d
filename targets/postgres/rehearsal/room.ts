/** Memory and disk of the host: a try must not take from the live server what it needs. */
import { readFile, statfs } from 'node:fs/promises';
import type { Problem } from '../../../domain/problem.ts';

export interface Memory {
  readonly totalBytes: number;
  readonly swapBytes: number;
  /** What can be had now without harm: the kernel's word, or what the control group has left. */
  readonly availableBytes: number;
  readonly hugePages: { readonly total: number; readonly free: number; readonly sizeBytes: number };
}

/** Of what is free now. */
const share = 0.25;
/** initdb writes 40 MB, each database 8, and its WAL two segments at least. */
const baseBytes = 120e6;
const databaseBytes = 10e6;

export async function readMemory(): Promise<Memory> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const entry = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const available = entry('MemAvailable') * 1024;
  return {
    totalBytes: entry('MemTotal') * 1024,
    swapBytes: entry('SwapTotal') * 1024,
    availableBytes: Math.min(available, await leftInGroup()),
    hugePages: {
      total: entry('HugePages_Total'),
      free: entry('HugePages_Free'),
      sizeBytes: entry('Hugepagesize') * 1024,
    },
  };
}

/** In a container the kernel's figures are the host's. */
async function leftInGroup(): Promise<number> {
  const read = async (name: string): Promise<number> =>
    Number((await readFile(`/sys/fs/cgroup/${name}`, 'utf8').catch(() => 'max')).trim());
  const [most, now] = [await read('memory.max'), await read('memory.current')];
  return Number.isFinite(most) && Number.isFinite(now) ? Math.max(0, most - now) : Infinity;
}

export interface MemoryVerdict {
  readonly problem: Problem | null;
  /** false: `problem` speaks against the change; null: it cannot be tried here. */
  readonly ok: boolean | null;
}

export interface Need {
  /** Shared memory of the whole server. */
  readonly bytes: number;
  /** `huge_pages`. */
  readonly hugePages: string;
}

/** Pure. */
export function judgeMemory({ bytes, hugePages }: Need, memory: Memory): MemoryVerdict {
  const { total, free, sizeBytes } = memory.hugePages;
  const pages = sizeBytes === 0 ? 0 : Math.ceil(bytes / sizeBytes);
  const needs = `It would take ${megabytes(bytes)} of shared memory`;
  if (bytes > memory.totalBytes + memory.swapBytes)
    return {
      ok: false,
      problem: {
        code: 'too-much-memory',
        message: 'the candidate asks for more shared memory than this host has',
        detail: `${needs}; the host has ${megabytes(memory.totalBytes)}, and ${megabytes(memory.swapBytes)} of swap.`,
        hint: 'The server would not start. Lower shared_buffers, or what else decides it (max_connections, wal_buffers).',
      },
    };
  if (hugePages === 'on' && pages > total)
    return {
      ok: false,
      problem: {
        code: 'too-few-huge-pages',
        message: 'the candidate needs huge pages (huge_pages = on), and this host has too few',
        detail: `${needs}: ${pages} pages of ${megabytes(sizeBytes)}; the host has ${total}.`,
        hint: 'The server would not start. Raise vm.nr_hugepages first, or set huge_pages to try.',
      },
    };
  if (bytes > memory.availableBytes * share)
    return untried(
      `${needs}, and a rehearsal takes no more than a quarter of the ${megabytes(memory.availableBytes)} that are free now.`,
    );
  if (hugePages === 'on' && pages > free)
    return untried(`${needs}: ${pages} huge pages, of which the live server holds what it has, and ${free} are free.`);
  return { ok: true, problem: null };
}

function untried(detail: string): MemoryVerdict {
  return { ok: null, problem: { code: 'memory-untried', message: "the candidate's memory was not tried", detail } };
}

/** null: there is room enough. */
export async function diskProblem(folder: string, databases: number, walSegmentBytes: number): Promise<Problem | null> {
  const { bavail, bsize } = await statfs(folder);
  const need = baseBytes + databases * databaseBytes + 3 * walSegmentBytes;
  const free = bavail * bsize;
  if (free >= 2 * need) return null;
  return {
    code: 'no-room',
    message: 'there is no room for a rehearsal',
    detail: `It needs ${megabytes(need)} for a minute, and at least as much must be left; ${folder} has ${megabytes(free)} free.`,
    hint: 'Name another folder as rehearsal.folder in agent.yaml.',
  };
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
