/** A line between two processes breaks, or stands and carries nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../scenario.ts';
import { type Done, type FaultContext, holding } from './context.ts';

export function cut({ stage }: FaultContext, { link, how, forMs }: Extract<Fault, { kind: 'cut' }>): Promise<Done> {
  return holding(stage, link, async () => {
    try {
      stage.proxies[link].cut(how);
      await sleep(forMs);
    } finally {
      stage.proxies[link].mend();
    }
  });
}
