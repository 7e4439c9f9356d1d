/** SIGKILL of a process; its supervisor starts it again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../scenario.ts';
import { type Done, type FaultContext, holding } from './context.ts';

export function kill({ stage }: FaultContext, { what, downMs }: Extract<Fault, { kind: 'kill' }>): Promise<Done> {
  return holding(stage, what, async () => {
    await stage.victims[what].kill(downMs);
    await sleep(downMs);
    await stage.victims[what].ready();
  });
}
