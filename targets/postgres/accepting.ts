/** When the server answers new connections: asked by lone StartupMessages, which need no password. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from './endpoint.ts';
import { type Postmaster, findPostmaster, isSamePostmaster } from './postmaster.ts';
import { type StartupAnswer, askStartup, isAnswering, isLetIn } from './startup-message.ts';

const probeTimeoutMs = 2_000;

export function askAs({ host, port, user, database, tls }: Endpoint): Promise<StartupAnswer> {
  return askStartup({ host, port, user, database, tls, localAddress: null, timeoutMs: probeTimeoutMs });
}

/** Unix ms of the first answer that is neither 57P03 nor silence; null: none in time. */
export async function awaitAnswer(endpoint: Endpoint, timeoutMs: number, everyMs = 20): Promise<number | null> {
  for (const until = Date.now() + timeoutMs; ; await sleep(everyMs)) {
    if (isAnswering(await askAs(endpoint))) return Date.now();
    if (Date.now() >= until) return null;
  }
}

/** As above, and pg_hba.conf lets the agent in: what shows that a reload or a restored file has arrived. */
export async function awaitLetIn(endpoint: Endpoint, timeoutMs: number, everyMs = 2): Promise<number | null> {
  for (const until = Date.now() + timeoutMs; ; await sleep(everyMs)) {
    if (isLetIn(await askAs(endpoint))) return Date.now();
    if (Date.now() >= until) return null;
  }
}

/** Waits for another postmaster than `old` that answers; `stop` tells when it is of no use any more. */
export async function awaitNewPostmaster(
  dataDirectory: string,
  old: Postmaster | null,
  endpoint: Endpoint,
  stop: () => boolean,
): Promise<number | null> {
  for (; !stop(); await sleep(5)) {
    const now = await findPostmaster(dataDirectory);
    if (now === null || isSamePostmaster(now, old)) continue;
    if (isAnswering(await askAs(endpoint))) return Date.now();
  }
  return null;
}
