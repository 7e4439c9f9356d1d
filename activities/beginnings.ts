/** Lets few changes begin at a time, in the order of their coming: what begins must not slow down what is taken back. */

export interface Beginnings {
  /** Resolves when it is its turn; rejects with the signal's reason when it is given up before. */
  enter(change: string, givenUp: AbortSignal): Promise<void>;
  /** Its dependents are measured, or never will be: the next one may begin. Again, or for one that never came: nothing. */
  leave(change: string): void;
}

/** One whose dependents are measured elsewhere is not waited for longer. */
const longestMs = 5_000;

export function createBeginnings(places: number): Beginnings {
  const begun = new Map<string, NodeJS.Timeout>();
  const waiting: { readonly change: string; readonly begin: () => void }[] = [];

  function leave(change: string): void {
    const timer = begun.get(change);
    if (timer === undefined) return;
    clearTimeout(timer);
    begun.delete(change);
    fill();
  }

  function fill(): void {
    while (begun.size < places) {
      const next = waiting.shift();
      if (next === undefined) return;
      clearTimeout(begun.get(next.change));
      begun.set(next.change, setTimeout(leave, longestMs, next.change).unref());
      next.begin();
    }
  }

  return {
    leave,
    enter: (change, givenUp) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => {
          const at = waiting.indexOf(mine);
          if (at >= 0) waiting.splice(at, 1);
          reject(givenUp.reason as Error);
        };
        const mine = {
          change,
          begin: () => {
            givenUp.removeEventListener('abort', giveUp);
            resolve();
          },
        };
        if (givenUp.aborted) return giveUp();
        givenUp.addEventListener('abort', giveUp, { once: true });
        waiting.push(mine);
        fill();
      }),
  };
}

export function beginningOf({ target, changeId }: { readonly target: string; readonly changeId: string }): string {
  return `${target} ${changeId}`;
}
