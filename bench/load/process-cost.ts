/** What a process has cost so far, as Linux counts it. */
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks a second; fixed on every Linux that Node runs on. */
const ticks = 100;

/** Seconds of processor time, system calls included. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** Resident, MB; `peak` is the most that ever was. */
export function megabytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

/** The process itself, below the keeper that leads its group. */
export function nodeUnder(keeper: number): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, , , parent] = /^(\d+) \((.*)\) \S+ (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (Number(parent) === keeper && command.startsWith(process.execPath)) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`process ${keeper} keeps no node`);
}
