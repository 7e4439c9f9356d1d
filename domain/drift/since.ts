/** Since when something drifts, as far as that is known: never a guess dressed up as a time. Pure. */
import { dateTimeText, listText } from '../format.ts';
import { oneLine } from '../markdown.ts';
import type { Drift, DriftItem } from './drift.ts';

export interface Span {
  /** Unix ms of the last look that saw it otherwise, or of the known-good snapshot; null: it was never seen otherwise. */
  readonly notBefore: number | null;
  /** Unix ms of the first look that saw it so. */
  readonly firstSeen: number;
}

/** Of a drift, and of its items by key: one of them may have been there before the others came. Absent: all came with it. */
export interface Seen extends Span {
  readonly items?: Readonly<Record<string, Span>>;
}

/** `before`: items of the drift whose place this one takes; what was among them goes on, the others are as new as `own`. */
export function itemsSince(keys: readonly string[], before: Seen['items'], own: Span): NonNullable<Seen['items']> {
  const { notBefore, firstSeen } = own;
  return Object.fromEntries(keys.map((key) => [key, before?.[key] ?? { notBefore, firstSeen }]));
}

/** Unix ms since when any of it was seen. */
export function seenSince({ firstSeen, items = {} }: Seen): number {
  return Object.values(items).reduce((first, one) => Math.min(first, one.firstSeen), firstSeen);
}

/** Plain sentences, what is known best first. */
export function sinceText(seen: Seen, { items, loadedAt }: Pick<Drift, 'items' | 'loadedAt'>): readonly string[] {
  const files = items.filter(({ changedAt }) => changedAt !== undefined);
  const sentences = files.slice(0, mostFiles).map((item) => fileSentence(item, loadedAt));
  // A setting out of a file has the file's time.
  const timeless = items.filter(({ section, changedAt }) => changedAt === undefined && !follows(section, files));
  const spans = new Map<string, string[]>();
  for (const { key } of timeless) {
    const words = spanWords(seen.items?.[key] ?? seen);
    spans.set(words, [...(spans.get(words) ?? []), oneLine(key.replace(':', ' '))]);
  }
  const [only] = spans.keys();
  if (only !== undefined && spans.size === 1)
    return sentences.length > 0
      ? [...sentences, `the rest: ${only}`]
      : [only.startsWith('first') ? only : `since ${only}`];
  const each = [...spans].map(([words, keys]) => `${namesText(keys)}: ${words}`);
  return [...sentences, ...each.slice(0, mostSpans), ...(each.length > mostSpans ? ['others at other times'] : [])];
}

const mostSpans = 4;
const mostNames = 3;

function namesText(names: readonly string[]): string {
  const left = names.length - mostNames;
  return left > 0 ? `${names.slice(0, mostNames).join(', ')} and ${left} more` : listText(names);
}

function spanWords({ notBefore, firstSeen }: Span): string {
  return notBefore === null
    ? `first seen ${dateTimeText(firstSeen)}; nobody looked before`
    : `between ${dateTimeText(notBefore)}, when it was last seen otherwise, and ${dateTimeText(firstSeen)}`;
}

const mostFiles = 3;

function follows(section: DriftItem['section'], files: readonly DriftItem[]): boolean {
  return section === 'settings' && files.length > 0;
}

function fileSentence({ key, changedAt = 0, force }: DriftItem, loadedAt: number): string {
  const path = oneLine(key.slice(key.indexOf(':') + 1));
  const loaded = force === 'in-force' ? `, the server last loaded its configuration ${dateTimeText(loadedAt)}` : '';
  return `${path} was last changed ${dateTimeText(changedAt)}${loaded}`;
}
