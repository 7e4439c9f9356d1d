/** No byte is left on the file system of the agent's state folder. */
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../scenario.ts';
import { type Done, type FaultContext, holding } from './context.ts';

export async function diskFull(
  { stage }: FaultContext,
  { forMs }: Extract<Fault, { kind: 'disk-full' }>,
): Promise<Done> {
  if (!stage.hasDisk) return 'no file system of its own could be mounted';
  return holding(stage, 'disk', async () => {
    const ballast = join(stage.stateDir, 'ballast');
    try {
      const { bavail, bsize } = await statfs(stage.stateDir);
      // The agent may write meanwhile: what does not fit is as full as can be.
      await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch(() => undefined);
      await sleep(forMs);
    } finally {
      await rm(ballast, { force: true });
    }
  });
}
