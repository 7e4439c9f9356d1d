/** Waits for what becomes true soon; the last failed assertion is the error. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function eventually(assertion: () => Promise<void>, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
