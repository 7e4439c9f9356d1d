/** Since when something drifts, as far as that is known: never a guess dressed up as a time. Pure. */
import { dateTimeText } from '../format.ts';
import { oneLine } from '../markdown.ts';
import type { Drift, DriftItem } from './drift.ts';

export interface Seen {
  /** Unix ms of the last look that saw it otherwise, or of the known-good snapshot; null: it was never seen otherwise. */
  readonly notBefore: number | null;
  /** Unix ms of the first look that saw it so. */
  readonly firstSeen: number;
}

/** Plain sentences, what is known best first. */
export function sinceText(
  { notBefore, firstSeen }: Seen,
  { items, loadedAt }: Pick<Drift, 'items' | 'loadedAt'>,
): readonly string[] {
  const files = items.filter(({ changedAt }) => changedAt !== undefined);
  const sentences = files.slice(0, mostFiles).map((item) => fileSentence(item, loadedAt));
  // A setting out of a file has the file's time.
  const timeless = items.some(({ section, changedAt }) => changedAt === undefined && !follows(section, files));
  const between =
    notBefore === null
      ? `first seen ${dateTimeText(firstSeen)}; nobody looked before`
      : `between ${dateTimeText(notBefore)}, when it was last seen otherwise, and ${dateTimeText(firstSeen)}`;
  if (!timeless) return sentences;
  return sentences.length === 0
    ? [`since ${between}`.replace('since first', 'first')]
    : [...sentences, `the rest: ${between}`];
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
