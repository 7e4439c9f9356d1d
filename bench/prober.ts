/** Watches from outside whether a new connection of the dependent is accepted, as often as the server answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf } from '../demo/shop/shop.ts';
import { askStartup, isLetIn } from '../targets/postgres/startup-message.ts';

export interface Prober {
  /** Unix ms with fractions, of the first accepted connection that began after `since`. */
  acceptedAfter(since: number, withinMs?: number): Promise<number>;
  deniedAfter(since: number, withinMs?: number): Promise<number>;
}

export function createProber(port: number): Prober {
  const ask = async (): Promise<boolean> => {
    const answer = await askStartup({
      host: '127.0.0.1',
      port,
      user: 'image_svc',
      database: 'shop',
      localAddress: addressOf.image_svc,
      tls: false,
      timeoutMs: 2_000,
    });
    return isLetIn(answer);
  };
  const until = async (wanted: boolean, since: number, withinMs: number): Promise<number> => {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline) {
      const beganAt = now();
      if (beganAt >= since && (await ask()) === wanted) return now();
      // Breathing space for the other side of the measurement, on two cores.
      await sleep(2);
    }
    throw new Error(`the dependent was not ${wanted ? 'accepted' : 'denied'} within ${withinMs} ms`);
  };
  return {
    acceptedAfter: (since, withinMs = 60_000) => until(true, since, withinMs),
    deniedAfter: (since, withinMs = 60_000) => until(false, since, withinMs),
  };
}

export const now = (): number => performance.timeOrigin + performance.now();
