/** Which life of the server this is: PostgreSQL writes its process and start time into `postmaster.pid`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured } from '../targets/target.ts';

/** null: it does not run, or keeps no such file. */
export async function incarnationOf({ facts, managed }: Captured): Promise<string | null> {
  if (managed !== undefined) return `${managed.leader.name} ${managed.leader.startedAt}`;
  try {
    const [pid, , startedAt] = (await readFile(join(facts.dataDirectory, 'postmaster.pid'), 'utf8')).split('\n');
    return pid === undefined || startedAt === undefined ? null : `${pid} ${startedAt}`;
  } catch {
    return null;
  }
}
