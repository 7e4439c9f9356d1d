/**
 * The rules of a revert that lets somebody in again, and those of the live file that keep them out put before them: what
 * comes from there is answered as it is now, everything else as before the change. Proven by asking both. Pure.
 */
import type { AccessState } from '../access/login.ts';
import { listeners, matchFactsOf } from '../access/login.ts';
import { parseAddress, parseNetwork } from '../access/address.ts';
import { type Opening, loads, openings } from '../access/openings.ts';
import type { HbaRule, RuleAddress } from '../access/rule.ts';
import { addressText, nameToken, ruleLine, shownRule, tokenText } from '../access/rule-text.ts';
import { type Box, NotOneRule, within } from '../access/rule-within.ts';
import { tokeniseHba } from '../hba/tokens.ts';
import { type NeverReopen, held } from '../never-reopen.ts';
import type { Problem } from '../problem.ts';

/** Path → content, of the files that are to be otherwise than the revert would have them. */
export type Texts = ReadonlyMap<string, string>;

export interface KeepClosed {
  /** The configuration that is live. */
  readonly live: AccessState;
  /** As it would be restored, with these texts in place of its own. */
  readonly restored: (texts: Texts) => AccessState;
  readonly list: NeverReopen;
  /** pg_hba.conf. */
  readonly main: string;
  /** Of a file of the restored configuration; null: it is not there. */
  readonly read: (path: string) => string | null;
  /** Marks what is written here, so that it is known again: the change's. */
  readonly id: string;
  /** What an earlier attempt has left, where it differs from what would be restored by its marks alone. */
  readonly earlier: Texts;
}

export type ClosedFiles =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'closed';
      readonly texts: Texts;
      readonly keepsMaps: boolean;
      readonly problems: readonly Problem[];
    }
  /** No rules were found that keep out those alone: the access files stay as they are, but for what goes before pg_hba.conf. */
  | { readonly kind: 'left'; readonly inFront: string; readonly problems: readonly Problem[] };

export function keepClosed(input: KeepClosed): ClosedFiles {
  const { live, restored, list, earlier } = input;
  const opened = openings(live, restored(new Map()), list);
  if (opened.length === 0) return { kind: 'nothing' };
  const keepsMaps = opened.some(({ kind }) => kind === 'map');
  // What is left of them is kept out by the maps, which stay as they are.
  const isClosed = (texts: Texts): boolean => {
    const state = restored(texts);
    return loads(state) && openings(live, state, list).every(({ kind }) => kind === 'map');
  };
  // What an approval has opened goes out of what an earlier attempt has written.
  const marks = new Set(opened.map((one) => markOf(input, one)));
  const left = new Map([...earlier].map(([path, text]) => [path, withoutClosing(text, input.id, marks)]));
  // Beside its own rules those of before seem to open more than they did: what it was about stands in its marks.
  const isMarked = (one: Opening): boolean =>
    one.kind === 'map' || [...left.values()].some((text) => text.includes(`${opens(input.id)}${markOf(input, one)}\n`));
  for (const [texts, of] of [
    [left, opened.filter(isMarked)],
    [withClosing(input, opened), opened],
  ] as const)
    if (texts !== null && (texts.size > 0 || keepsMaps) && isClosed(texts))
      return { kind: 'closed', texts, keepsMaps, problems: of.map(problemOf) };
  // Whom roles and grants alone kept out, those that come back would let in.
  const behind = opened.flatMap((one) => (one.kind === 'role' ? [{ ...one, byRules: false }] : []));
  const inFront = behind.filter(({ databases }) => databases.length > 0).flatMap((one) => blockFor(input, one));
  return { kind: 'left', inFront: inFront.map((line) => `${line}\n`).join(''), problems: opened.map(problemOf) };
}

function problemOf(opening: Opening): Problem {
  switch (opening.kind) {
    case 'role':
      return held(
        `role ${opening.role} stays shut out by pg_hba.conf`,
        'It is on the list of those whom a revert never lets in again, and would get in as before the change.',
      );
    case 'map':
      return held(
        `pg_ident.conf stays as it is: it would name role ${opening.role} again`,
        'It is on the list of those whom a revert never lets in again.',
      );
    case 'network':
      return held(
        `${opening.network} stays shut out by pg_hba.conf`,
        'It is on the list of networks that a revert never lets in again, and would get in as before the change.',
      );
    case 'passwordless':
      return held(
        `"${shownRule(opening.rule)}" stays away`,
        'It would let in from other machines without a password, which the live configuration does not.',
      );
    default:
      return opening satisfies never;
  }
}

/** null: it cannot be written. */
function withClosing(input: KeepClosed, opened: readonly Opening[]): Texts | null {
  const { main, read } = input;
  const texts = new Map<string, string>();
  const contentOf = (path: string): string | null => texts.get(path) ?? read(path);
  try {
    // From the end, so that the lines before keep their numbers.
    for (const rule of opened.flatMap((one) => (one.kind === 'passwordless' ? one.rule : [])).toReversed()) {
      const content = contentOf(rule.file);
      const edited = content === null ? null : replaced(content, rule, instead(input, rule), input);
      if (edited === null) return null;
      texts.set(rule.file, edited);
    }
    const front = opened.flatMap((opening) => blockFor(input, opening));
    const content = contentOf(main);
    if (content === null) return null;
    if (front.length > 0) texts.set(main, `${front.join('\n')}\n${content}`);
  } catch (error) {
    if (error instanceof NotOneRule) return null;
    throw error;
  }
  return texts;
}

/** Throws `NotOneRule`. */
function blockFor(input: KeepClosed, opening: Opening): readonly string[] {
  if (opening.kind === 'role') {
    const role = nameToken(opening.role);
    const from = (databases: string): readonly string[] => [
      `local ${databases} ${tokenText(role)} reject`,
      `host ${databases} ${tokenText(role)} all reject`,
    ];
    return block(input.id, markOf(input, opening), [
      ...opening.databases.flatMap((database) => from(tokenText(nameToken(database)))),
      ...(opening.byRules ? [...liveWithin(input, { users: [role] }), ...from('all'), ...from('replication')] : []),
    ]);
  }
  if (opening.kind !== 'network') return [];
  const network = parseNetwork(opening.network);
  if (network === null) throw new NotOneRule();
  const address: RuleAddress = { kind: 'net', ...network };
  const all = ['all', 'replication'].map((databases) => `host ${databases} all ${addressText(address)} reject`);
  return block(input.id, markOf(input, opening), [...liveWithin(input, { address }), ...all]);
}

/** What the live rules say of some connections, as rules for these alone. Throws `NotOneRule`. */
function liveWithin({ live, restored }: KeepClosed, box: Box): readonly string[] {
  const facts = matchFactsOf(live);
  const rules = live.rules.flatMap(({ rule }) => (rule && within(rule, box, facts)) ?? []);
  // Who is not listened to is shut out, whatever the rules say.
  const narrower = !listensOutside(live) && listensOutside(restored(new Map()));
  return (narrower ? rules.flatMap((rule) => atHome(rule, live)) : rules).map(ruleLine);
}

function listensOutside(state: AccessState): boolean {
  const listens = listeners(state);
  return ['192.0.2.1', '2001:db8::1'].some(
    (from) => listens({ user: '', database: '', address: parseAddress(from), tls: false })?.kind !== 'denied',
  );
}

const loopbacks = ['127.0.0.0/8', '::1'].map((text): RuleAddress | null => {
  const network = parseNetwork(text);
  return network === null ? null : { kind: 'net', ...network };
});

/** For whoever comes from this machine. */
function atHome(rule: HbaRule, state: AccessState): readonly HbaRule[] {
  if (rule.type === 'local') return [rule];
  return loopbacks.flatMap((address) => within(rule, { address }, matchFactsOf(state)) ?? []);
}

/** In place of a rule that lets in without a password: for this machine the same, for others what the live rules say. */
function instead(input: KeepClosed, rule: HbaRule): readonly string[] {
  const { type, databases, users, address } = rule;
  const home =
    address?.kind === 'name'
      ? []
      : atHome(address?.kind === 'samenet' ? { ...rule, address: everywhere } : rule, input.live);
  const lines = home.map(ruleLine);
  try {
    return [...lines, ...liveWithin(input, { type, databases, users, address })];
  } catch (error) {
    if (!(error instanceof NotOneRule)) throw error;
    return [...lines, ruleLine({ ...rule, method: 'scram-sha-256', options: {} })];
  }
}

const everywhere: RuleAddress = { kind: 'all' };

/** null: it is not one physical line. */
function replaced(content: string, rule: HbaRule, by: readonly string[], { live, id }: KeepClosed): string | null {
  const isOne = tokeniseHba(content, live.versionNum).some(({ from, to }) => from === rule.line && to === rule.line);
  const lines = content.split('\n');
  const original = lines[rule.line - 1];
  if (!isOne || original === undefined) return null;
  return [...lines.slice(0, rule.line - 1), ...block(id, `[${original}]`, by), ...lines.slice(rule.line)].join('\n');
}

/** What a block is there for: in the mark, and known again by it. */
function markOf({ read }: KeepClosed, opening: Opening): string {
  switch (opening.kind) {
    case 'role':
    case 'map':
      return `(role ${JSON.stringify(opening.role)})`;
    case 'network':
      return `(${opening.network})`;
    case 'passwordless':
      return `[${read(opening.rule.file)?.split('\n')[opening.rule.line - 1] ?? ''}]`;
    default:
      return opening satisfies never;
  }
}

function block(id: string, what: string, lines: readonly string[]): readonly string[] {
  return [`${opens(id)}${what}`, ...lines, closes(id)];
}

const opens = (id: string): string => `# knowngood ${id} keeps closed: `;
const closes = (id: string): string => `# knowngood ${id}: end`;

/** The file without what a revert of this change has put into it, but for `kept`: to the byte as it would have been restored. */
export function withoutClosing(content: string, id: string, kept: ReadonlySet<string> = new Set()): string {
  const form = new RegExp(`^${opens(id)}(\\[[^\\n]*\\]|\\([^\\n]*\\))\\n(?:[^\\n]*\\n)*?${closes(id)}(\\n|$)`, 'gm');
  return content.replace(form, (whole, mark: string, end: string) => {
    if (kept.has(mark)) return whole;
    return mark.startsWith('(') ? '' : `${mark.slice(1, -1)}${end}`;
  });
}
