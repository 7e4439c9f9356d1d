/** How a GitHub runner is told: workflow commands, and its environment files. Pure. */
import type { Note } from './told.ts';

/** A workflow command on a line of its own; nothing in it can end it or begin another one. */
export function annotation({ level, title, text }: Note, file?: string): string {
  const properties = { ...(file === undefined ? {} : { file }), title };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${level} ${list.join(',')}::${data(text)}`;
}

/** For $GITHUB_OUTPUT. `delimiter`: one that no stranger can foresee. */
export function outputsFile(fields: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
