/** postgresql.auto.conf, key by key: the only configuration file whose lines have no order or comments worth keeping. */
import { parseConf, quoteConf } from './conf-file.ts';

/** Lower-cased name → value; the last one wins. null when the file cannot be parsed. */
export function parseAutoConf(content: string): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>();
  for (const line of parseConf(content)) {
    if (line.kind !== 'setting') return null;
    values.set(line.name.toLowerCase(), line.value);
  }
  return values;
}

/** Sets (or, with null, removes) single keys; every other line stays as it is. */
export function editAutoConf(content: string, edits: ReadonlyMap<string, string | null>): string {
  const left = new Map(edits);
  const lineOfKey = new Map<number, string>();
  for (const line of parseConf(content)) if (line.kind === 'setting') lineOfKey.set(line.line, line.name.toLowerCase());
  const lastLine = new Map([...lineOfKey].map(([line, key]) => [key, line]));

  const kept: string[] = [];
  const lines = content.split('\n');
  lines.forEach((text, index) => {
    const key = lineOfKey.get(index + 1);
    const edit = key === undefined ? undefined : edits.get(key);
    if (key === undefined || edit === undefined) return void kept.push(text);
    if (edit !== null && lastLine.get(key) === index + 1)
      kept.push(`${text.trimStart().split(/[\s=]/)[0]} = ${quoteConf(edit)}`);
    left.delete(key);
  });
  if (kept.at(-1) === '') kept.pop();
  for (const [key, value] of left) if (value !== null) kept.push(`${key} = ${quoteConf(value)}`);
  return kept.length === 0 ? '' : `${kept.join('\n')}\n`;
}
