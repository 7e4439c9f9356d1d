/** Who gets in, and by which rule, for people. Pure. */
import type { AccessAnswer } from '../../domain/access/explain.ts';
import type { Observed } from '../../domain/access/observed.ts';
import { dateTimeText } from '../../domain/format.ts';
import type { Asked } from '../../domain/access/impact.ts';
import { oneLine } from '../../domain/markdown.ts';
import { type Colors, noColors } from './problem.ts';
import { columns } from './text.ts';

export function renderAnswers(answers: readonly AccessAnswer[], colors: Colors = noColors): string {
  if (answers.length === 0)
    return 'nobody to ask about: no dependent of this target declares access, and nobody was seen';
  const paint = { allowed: colors.green, denied: colors.red, unknown: colors.yellow } as const;
  return answers
    .flatMap(({ asked, ways }) => [
      oneLine(askedText(asked)),
      ...ways.flatMap(({ example, access, rule }) => [
        `  ${paint[access.kind](access.kind)}${ways.length > 1 ? ` for ${example}` : ''}${access.kind === 'allowed' ? '' : `: ${oneLine(access.why)}`}`,
        ...(rule === null ? [] : [`    by ${oneLine(rule)}`]),
      ]),
    ])
    .join('\n');
}

export function renderObserved(observed: readonly Observed[]): string {
  if (observed.length === 0) return 'nobody was seen yet: the agent looks every few seconds';
  return columns([
    ['USER', 'DATABASE', 'FROM', 'TLS', 'FIRST SEEN', 'LAST SEEN', 'CONNECTIONS', 'APPLICATION'],
    ...observed.map(({ user, database, address, tls, replication, firstSeen, lastSeen, count, applicationName }) => [
      oneLine(user),
      replication ? '(replication)' : oneLine(database),
      address ?? 'socket',
      tls ? 'yes' : 'no',
      dateTimeText(firstSeen),
      dateTimeText(lastSeen),
      String(count),
      oneLine(applicationName),
    ]),
  ]).join('\n');
}

function askedText({ user, database, from, tls, replication, who }: Asked): string {
  const to = replication === true ? 'for replication' : `to ${database}`;
  const place = from === null ? 'from anywhere' : from === 'local' ? 'by the socket' : `from ${from}`;
  return `${user} ${to} ${place}${tls ? ' with TLS' : ''}${who.length > 0 ? ` (${who.join(', ')})` : ''}`;
}
