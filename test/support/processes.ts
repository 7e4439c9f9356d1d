/** What runs on this machine, as Linux tells it. */
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Ids of the processes whose command line contains `text`; a process that has ended but was not collected is none. */
export async function processesWith(text: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return ids.filter((_, index) => lines[index]?.replaceAll('\0', ' ').includes(text)).map(Number);
}

/** Waits until `holds` does, or fails saying `what` did not come. */
export async function eventually(what: string, holds: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`did not come within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
