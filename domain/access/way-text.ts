/** By which way somebody comes, for people: `image_svc to shop from 10.2.0.7 with TLS`. */
import type { Asked } from './impact.ts';

/** `one`: an address of a network for which it is so. */
export function wayText(
  { user, database, from, tls, replication = false }: Pick<Asked, 'user' | 'database' | 'from' | 'tls' | 'replication'>,
  one = '',
): string {
  const to = replication ? 'for replication' : `to ${database}`;
  const place = from === null ? 'from anywhere' : from === 'local' ? 'by the socket' : `from ${from}`;
  const example = one === '' || from === null || from === 'local' || from === one ? '' : `, for one ${one}`;
  return `${user} ${to} ${place}${example}${tls ? ' with TLS' : ''}`;
}
