/** Outside words in Markdown: names, reasons and errors come from strangers and must stay words. */

// Control characters, line breaks among them; bidirectional overrides could make a text read differently than it is.
const invisible = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** One line: control characters and line breaks become a space, the rest stays. */
export function oneLine(text: string): string {
  return text.replace(invisible, ' ').trim();
}

/** At most `max` characters, an ellipsis for what is left out; never half a surrogate pair. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Prose within a line, a list item or a table cell: nothing in it is markup. */
export function escapeMarkdown(text: string): string {
  return (
    oneLine(text)
      .replace(/[\\`*_[\]<>|#~!{}$&]/g, '\\$&')
      // At the start of a list item these would open a list of their own.
      .replace(/^([+\-=])/, '\\$1')
      .replace(/^(\d+)([.)])/, '$1\\$2')
  );
}

/** Words as they were said, in a code span: neither links nor markup. */
export function codeSpan(text: string): string {
  const line = oneLine(text);
  if (line === '') return '(empty)';
  const fence = '`'.repeat(longestRun(line, '`') + 1);
  const padding = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${line}${padding}${fence}`;
}

/** The same within a table, where a pipe ends the cell even in a code span. */
export function codeCell(text: string): string {
  return codeSpan(text).replaceAll('|', '\\|');
}

// In a block, spaces and lines mean something; whatever else cannot be seen is shown to be there.
const misleading = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A fenced block that its content cannot end. */
export function codeBlock(content: string, language = ''): string {
  const fence = '`'.repeat(Math.max(3, longestRun(content, '`') + 1));
  return `${fence}${language}\n${content.replace(/\n+$/, '').replace(misleading, '\ufffd')}\n${fence}`;
}

/** Parts below each other, without the empty ones. Ends with an empty paragraph: the Web UI may clip the last line. */
export function detailsPage(parts: readonly string[]): string {
  return [...parts.filter((part) => part !== ''), '\u00a0\n'].join('\n\n');
}

export interface Table {
  readonly head: readonly string[];
  /** Cells are Markdown already: escape what is in them. */
  readonly rows: readonly (readonly string[])[];
}

export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
