/** Watches who connects, between changes and during them: cheap, without Temporal, and never in the way of anything else. */
import { Sightings } from '../domain/access/observed.ts';
import { messageOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { fromStore } from './from-store.ts';
import { isOpenChange } from './state-folder.ts';

export interface Observing {
  /** What was seen is in the store; it is not waited for when that is away. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const flushEveryMs = 30_000;

export function startObserving(parts: Omit<AgentParts, 'observing'>): Observing {
  const { config, target, state, clock, log } = parts;
  const { observe } = config;
  const sightings = new Sightings();
  let working: Promise<void> | null = null;
  let said = '';
  let saidHidden = false;

  /** Once, not at every look. */
  function trouble(error: unknown): void {
    const text = `who connects is not seen: ${messageOf(error)}`;
    if (text !== said) log.warn(text);
    said = text;
  }

  async function look(): Promise<void> {
    const journal = state.journal.read();
    // While a change is written or taken back, the server has better things to do.
    if (isOpenChange(state, journal) && journal.phase !== 'applied') return;
    const seen = await target.observe({ serverLog: observe?.serverLog ?? true });
    if (seen.hidden > 0 && !saidHidden) {
      saidHidden = true;
      log.warn(`${seen.hidden} sessions of others are hidden from the agent's role; grant pg_monitor to it`);
    }
    const at = clock.now().wallMs;
    for (const sighting of seen.sightings) sightings.add(sighting, at);
    said = '';
  }

  async function flush(): Promise<void> {
    const taken = sightings.take();
    if (taken.length === 0) return;
    try {
      await fromStore(parts, (store) => store.addObserved(config.target, taken));
    } catch (error) {
      sightings.putBack(taken);
      throw error;
    }
  }

  if (observe === null || parts.store === null)
    return { flush: () => Promise.resolve(), stop: () => Promise.resolve() };
  const timers = [
    setInterval(() => {
      working ??= look()
        .catch(trouble)
        .finally(() => (working = null));
    }, observe.intervalMs),
    setInterval(() => void flush().catch(() => undefined), flushEveryMs),
  ];
  return {
    flush,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await working;
      await flush().catch(() => undefined);
    },
  };
}
