/** Who was seen to connect. Pure. */
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { dateTimeText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import { columns } from './text.ts';

export function renderObserved(principals: readonly ObservedPrincipal[]): string {
  if (principals.length === 0) return 'nobody was seen to connect';
  return columns([
    ['USER', 'DATABASE', 'FROM', 'TLS', 'FIRST SEEN', 'LAST SEEN', 'COUNT', 'APPLICATION'],
    ...principals.map((one) => [
      oneLine(one.user),
      one.replication && one.database !== 'replication'
        ? `${oneLine(one.database)} (replication)`
        : oneLine(one.database),
      one.address ?? 'socket',
      one.tls ? 'yes' : 'no',
      dateTimeText(one.firstSeen),
      dateTimeText(one.lastSeen),
      String(one.count),
      oneLine(one.applicationName),
    ]),
  ]).join('\n');
}
