/** Values as YAML takes them, within `{ … }` too, whatever they contain. */

/** Words that YAML, or people who read it, take for something else. */
const words: ReadonlySet<string> = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);

export function scalar(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_./@-]*$/.test(text) && !words.has(text.toLowerCase())) return text;
  if (/^(\d{1,3}\.){3}\d{1,3}(\/\d+)?$/.test(text)) return text;
  return quoted(text);
}

export function quoted(text: string): string {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) ? JSON.stringify(text) : `'${text.replace(/'/g, "''")}'`;
}

/** A connection address stands in a line of its own: only what would begin a comment or end the value is quoted. */
export function address(text: string): string {
  return /^[A-Za-z0-9_.:/@?=&%+-]+$/.test(text) ? text : quoted(text);
}

export function list(words_: readonly string[]): string {
  return `[${words_.map(scalar).join(', ')}]`;
}
