/** The failing measurements themselves, with what the server said of each: the evidence behind the verdict. */
import type { Sample } from '../check.ts';
import { countText, listText } from '../format.ts';
import { shorten } from '../markdown.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';

export interface Failing {
  /** The first ones, oldest first. */
  readonly first: readonly Sample[];
  readonly more: number;
  /** By what was answered, the most frequent first: `4 × 28000 (access)`. */
  readonly codes: readonly { readonly code: string | null; readonly class: string | null; readonly count: number }[];
}

const mostShown = 12;
const longestWords = 300;

export function failingOf(samples: readonly Sample[]): Failing {
  const failing = samples
    .filter(({ mark, forgiven }) => mark === 'fail' && forgiven !== true)
    .sort((a, b) => a.at - b.at || byCodeUnit(a.check, b.check));
  const counts = new Map<string, Failing['codes'][number]>();
  for (const { code: said, class: kind } of failing) {
    const code = cut(said);
    const key = JSON.stringify([code, kind]);
    counts.set(key, { code, class: kind, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return {
    first: failing
      .slice(0, mostShown)
      .map((sample) => ({ ...sample, message: cut(sample.message), code: cut(sample.code) })),
    more: Math.max(0, failing.length - mostShown),
    codes: [...counts.values()].sort((a, b) => b.count - a.count).slice(0, mostShown),
  };
}

/** Probes keep their words short; one that does not must not fill the page. */
const cut = (words: string | null): string | null => (words === null ? null : shorten(words, longestWords));

export function failingText({ first, more, codes }: Failing): string {
  const each = codes.map(({ code, class: kind, count }) => `${count} × ${codeText(code, kind)}`);
  return `${countText(first.length + more, 'failing measurement')}: ${listText(each)}.`;
}

/** `28000 (access)`. */
export function codeText(code: string | null, kind: string | null): string {
  if (code === null) return kind ?? 'a failure';
  return kind === null ? code : `${code} (${kind})`;
}
