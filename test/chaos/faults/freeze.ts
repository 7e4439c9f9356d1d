/** SIGSTOP, and SIGCONT later: a process that lives and does nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../scenario.ts';
import { type Done, type FaultContext, holding } from './context.ts';

export function freeze({ stage }: FaultContext, { what, forMs }: Extract<Fault, { kind: 'freeze' }>): Promise<Done> {
  return holding(stage, what, async () => {
    try {
      await stage.victims[what].freeze();
      await sleep(forMs);
    } finally {
      await stage.victims[what].thaw();
    }
  });
}
