/** Who was seen to connect, and who gets in, by which rule. Pure. */
import type { AccessAnswer } from '../../domain/access/explain.ts';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { wayText } from '../../domain/access/way-text.ts';
import { dateTimeText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import { type Colors, noColors } from './problem.ts';
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

/** `more`: left out of the answers. */
export function renderAnswers(answers: readonly AccessAnswer[], more: number, colors: Colors = noColors): string {
  if (answers.length === 0)
    return 'nobody to ask about: no dependent of this target declares access, and nobody was seen';
  const paint = { allowed: colors.green, denied: colors.red, unknown: colors.yellow } as const;
  const lines = answers.flatMap(({ asked, ways }) => [
    oneLine(`${wayText(asked)}${asked.who.length > 0 ? ` (${asked.who.join(', ')})` : ''}`),
    ...ways.flatMap(({ example, access, rule }) => [
      `  ${paint[access.kind](access.kind)}${ways.length > 1 ? ` for ${example}` : ''}${access.kind === 'allowed' ? '' : `: ${oneLine(access.why)}`}`,
      ...(rule === null ? [] : [`    by ${oneLine(rule)}`]),
    ]),
  ]);
  return [...lines, ...(more > 0 ? [`and ${more} more that are not shown: ask about each with --user`] : [])].join(
    '\n',
  );
}
