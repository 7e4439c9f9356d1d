/** Words from elsewhere, made fit for a terminal: no escape sequences, lines kept apart. */
import { oneLine } from '../../domain/markdown.ts';

/** Keeps line breaks, indents what follows the first. */
export function printable(text: string): string {
  return text.split('\n').map(oneLineKeepingIndent).join('\n    ').trimEnd();
}

/** As it is, without control characters: for diffs and other text whose spacing means something. */
export function verbatim(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** Columns aligned by the longest cell; two spaces between them. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function oneLineKeepingIndent(line: string): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  return indent + oneLine(line);
}
