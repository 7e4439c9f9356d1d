/** Dependents as they were seen to connect, as YAML for knowngood.yaml, with what people have to fill in as comments. Pure. */
import type { LeftOut, SuggestedAccess, Suggested, Suggestion } from '../../domain/access/suggest.ts';
import { countText, dateTimeText, listText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import { dependentName, secretReference } from './names.ts';
import { quoted, scalar } from './scalar.ts';

export interface SuggestedInput extends Suggested {
  readonly target: string;
  /** Superusers are told from others by a snapshot; false: there is none. */
  readonly superusersKnown: boolean;
}

export function suggestedDependents({ target, suggestions, leftOut, superusersKnown }: SuggestedInput): string {
  const users = suggestions.map(({ user }) => user);
  const taken = new Set<string>();
  return [
    ...(suggestions.length === 0 ? nobody(target) : head(target, suggestions)),
    ...suggestions.flatMap((one) => {
      const alone = users.filter((user) => user === one.user).length === 1;
      return dependent(target, one, dependentName(alone ? one.user : `${one.user}-${one.database}`, taken));
    }),
    ...leftOutLines(leftOut),
    ...(superusersKnown
      ? []
      : [
          `# Superusers are not told from others: no snapshot of ${target} is stored (knowngood snapshot take ${target}).`,
        ]),
  ].join('\n');
}

function nobody(target: string): readonly string[] {
  return [`# Nobody else was seen to connect to ${target}.`, 'dependents: {}'];
}

function head(target: string, suggestions: readonly Suggestion[]): readonly string[] {
  const from = Math.min(...suggestions.map(({ firstSeen }) => firstSeen));
  const to = Math.max(...suggestions.map(({ lastSeen }) => lastSeen));
  return [
    `# Who was seen to connect to ${target} between ${dateTimeText(from)} and ${dateTimeText(to)}, for knowngood.yaml.`,
    '# Read it and correct it: whoever comes once a month, or from a host that stands by, may not be here.',
    'dependents:',
  ];
}

function dependent(target: string, one: Suggestion, name: string): readonly string[] {
  const { user, database, access, applications } = one;
  return [
    `  ${scalar(name)}:`,
    `    uses: ${scalar(target)}`,
    ...(applications.length === 0
      ? []
      : [`    # Its connections call themselves ${oneLine(listText(applications.slice(0, 5)))}.`]),
    '    # team: application   # who is told when it suffers',
    '    access:',
    ...access.flatMap((each) => accessLines(user, database, each)),
    '    checks:',
    '      login:',
    ...checkComments(access),
    `        sql: { as: ${scalar(user)}, password: ${quoted(secretReference(user))}, database: ${scalar(database)}, query: select 1${sslmode(access)} }`,
    '        level: required',
  ];
}

function accessLines(
  user: string,
  database: string,
  { from, tls, addresses, count }: SuggestedAccess,
): readonly string[] {
  const where = from === null ? '' : `, from: ${scalar(from)}`;
  const entry = `{ user: ${scalar(user)}, database: ${scalar(database)}${where}${tls ? ', tls: true' : ''} }`;
  const said = from === null ? `${countText(count, 'connection')} over the socket` : countText(count, 'connection');
  const [first, last] = [addresses[0], addresses[addresses.length - 1]];
  const wider =
    addresses.length < 2
      ? []
      : [
          `      # ${addresses.length} addresses from ${first} to ${last}, written as the smallest network that holds them.`,
        ];
  return [...wider, `      - ${entry} # ${said}`];
}

/** What the check needs from people. */
function checkComments(access: readonly SuggestedAccess[]): readonly string[] {
  const overSocket = access.every(({ from }) => from === null);
  return [
    '        # Fill in: lay its password there, and ask for something that it cannot do without.',
    ...(overSocket
      ? ['        # It comes over the socket: add "host: /run/postgresql", and a location on that host.']
      : []),
  ];
}

/** As the service comes: the connection of the target may ask for TLS where the service does not. */
function sslmode(access: readonly SuggestedAccess[]): string {
  return access.some(({ tls }) => tls) ? '' : ', sslmode: disable';
}

function leftOutLines(leftOut: readonly LeftOut[]): readonly string[] {
  const reasons = [...new Set(leftOut.map(({ why }) => why))];
  return reasons.map((why) => {
    const users = leftOut.filter((one) => one.why === why).map(({ user }) => user);
    return `# Left out (${why}): ${oneLine(users.join(', '))}`;
  });
}
