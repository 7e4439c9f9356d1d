/** HTML by template literal: whatever is put in is escaped, unless it is markup already. */
import { escapeHtml } from '../domain/html.ts';
import { shorten } from '../domain/markdown.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Put = Markup | string | number | null | readonly Put[];

/** Longer than anything that Knowngood writes itself, a diff included: a page must open, whatever is said in it. */
const longestText = 10_000;

/** null puts in nothing; lists are joined. Safe in text and in quoted attributes. */
export function markup(parts: TemplateStringsArray, ...values: readonly Put[]): Markup {
  return new Markup(
    parts.map((part, index) => part + (index < values.length ? textOf(values[index] ?? null) : '')).join(''),
  );
}

function textOf(value: Put): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escapeHtml(shorten(value, longestText));
  return value.map(textOf).join('');
}
