/** Who connects, from the server's sessions and from its log. */
import type { Target } from '../target.ts';
import { ConnectionLog, type LogPlace, logPlace } from './connection-log.ts';
import type { Parts } from './parts.ts';
import { sampleSessions } from './sample-sessions.ts';

/** The log may be rotated, or begin to be collected. */
const placeForLooks = 12;

export function createObserve({ sql }: Parts): Target['observe'] {
  const log = new ConnectionLog();
  let since: number | null = null;
  let place: LogPlace | null = null;
  let looks = 0;
  return async ({ serverLog }) => {
    const seen = await sql.any(async (session) => {
      if (serverLog && looks % placeForLooks === 0) place = await logPlace(session);
      return sampleSessions(session, since);
    });
    looks += 1;
    since = seen.at;
    const logged = place === null ? [] : await log.read(place);
    return { sightings: merged(seen.sightings, logged), hidden: seen.hidden };
  };

  /** A connection that is open now stands in the log as well: counted once, by the log. */
  function merged(
    open: Awaited<ReturnType<typeof sampleSessions>>['sightings'],
    logged: Awaited<ReturnType<ConnectionLog['read']>>,
  ): typeof open {
    if (!log.isReading) return open;
    return [...open.map((one) => ({ ...one, connections: 0 })), ...logged];
  }
}
