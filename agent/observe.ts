/**
 * Notes who connects: looks every few seconds, adds up in memory, and tells the store twice a minute. No step of a change
 * waits for it, and nothing that goes wrong in it reaches one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAggregator, mostPrincipals } from '../domain/access/observed.ts';
import type { AgentConfig, ObserveConfig } from '../domain/config.ts';
import { inWords } from '../domain/problem.ts';
import { messageOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import type { Log } from './log.ts';
import type { AgentStore } from './snapshot-store.ts';
import { isOpenChange } from './state-folder.ts';

const flushEveryMs = 30_000;

/** A store or a server that is away must not hold up the end. */
const lastFlushMs = 2_000;

type Parts = Pick<AgentParts, 'target' | 'store' | 'state' | 'clock' | 'log'> & {
  readonly config: Pick<AgentConfig, 'target' | 'observe'>;
};

export interface Observing {
  /** Tells the store what it has not been told yet. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Without a store there is nobody to tell, and nothing is looked at. */
export function startObserving(parts: Parts): Observing {
  const { observe } = parts.config;
  if (observe === null || parts.store === null) return { flush: async () => {}, stop: async () => {} };
  return start(parts, observe, parts.store);
}

function start(
  { config, target, state, clock, log }: Parts,
  { intervalMs, serverLog }: ObserveConfig,
  store: () => Promise<AgentStore>,
): Observing {
  const seen = createAggregator(intervalMs);
  const warn = onlyNews(log);

  async function look(): Promise<void> {
    try {
      // Where a change has cut the session, connecting again is the change's own affair.
      const mayConnect = !isOpenChange(state, state.journal.read());
      const observation = await target.observe({ serverLog, mayConnect });
      if (observation === null) return;
      seen.add(observation, clock.now().wallMs);
      warn('look', '');
      for (const problem of observation.problems) warn(problem.code, inWords(problem));
    } catch (error) {
      warn('look', `who connects is not observed now: ${messageOf(error)}`);
    }
  }

  async function tell(): Promise<void> {
    const { principals, left } = seen.take();
    warn('left', left === 0 ? '' : `more than ${mostPrincipals} principals connect: further ones are not noted`);
    if (principals.length === 0) return;
    try {
      await (await store()).addObserved(config.target, principals);
      warn('store', '');
    } catch (error) {
      seen.putBack(principals);
      warn('store', `the store does not take who connects now, it is kept and sent later: ${messageOf(error)}`);
    }
  }

  const [looking, telling] = [oneAtATime(look), oneAtATime(tell)];
  const timers = [setInterval(() => void looking(), intervalMs), setInterval(() => void telling(), flushEveryMs)];
  void looking();
  return {
    flush: telling,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      // Twice: one that runs already may have passed by what came last.
      const last = looking().then(looking).then(telling).then(telling);
      await Promise.race([last, sleep(lastFlushMs, undefined, { ref: false })]);
    },
  };
}

/** The one that runs already is joined. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= work().finally(() => (running = null)));
}

/** The same words about the same thing are said once; empty: it is well again. */
function onlyNews({ warn }: Log): (about: string, words: string) => void {
  const said = new Map<string, string>();
  return (about, words) => {
    if (words !== '' && said.get(about) !== words) warn(words);
    said.set(about, words);
  };
}
