/** Tests that mostly wait, and share nothing but the house: all begin together, each is judged by itself. */
import { beforeAll, it } from '@jest/globals';

/** They share the cores as well: a bound for what hangs, and no measure of speed. */
const longestMs = 180_000;

export function atOnce(cases: Readonly<Record<string, () => Promise<void>>>): void {
  const going = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const [name, run] of Object.entries(cases)) {
      const one = run();
      // It fails where it is waited for.
      one.catch(() => undefined);
      going.set(name, one);
    }
  });
  for (const name of Object.keys(cases)) it(name, () => going.get(name), longestMs);
}
