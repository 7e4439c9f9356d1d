/** No byte is left on the file system of the agent's state folder; where it has none of its own, the agent is told so. */
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../scenario.ts';
import { type Done, type FaultContext, holding } from './context.ts';

export async function diskFull(
  { stage }: FaultContext,
  { forMs }: Extract<Fault, { kind: 'disk-full' }>,
): Promise<Done> {
  return holding(stage, 'disk', async () => {
    const filling = stage.diskMarker ?? join(stage.stateDir, 'ballast');
    try {
      await writeFile(filling, stage.diskMarker === null ? await ballastFor(stage.stateDir) : '').catch(asFullAsCanBe);
      await sleep(forMs);
    } finally {
      await rm(filling, { force: true });
    }
  });
}

async function ballastFor(folder: string): Promise<Buffer> {
  const { bavail, bsize } = await statfs(folder);
  return Buffer.alloc(bavail * bsize);
}

/** The agent may write meanwhile. */
const asFullAsCanBe = (): void => undefined;
