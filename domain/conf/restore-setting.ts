/** Puts one setting's lines back into a configuration file as they stood in an older text of it; every other line stays. */
import { editAutoConf, parseAutoConf } from './auto-conf.ts';
import { parseConf } from './conf-file.ts';

/** `older` null: the file was not there. null: the live file cannot be edited line by line. */
export function restoreSetting(name: string, older: string | null, live: string, isAuto: boolean): string | null {
  return isAuto ? restoreInAuto(name, older, live) : restoreLines(name, older ?? '', live);
}

function restoreInAuto(name: string, older: string | null, live: string): string | null {
  const [was, is] = [older === null ? new Map<string, string>() : parseAutoConf(older), parseAutoConf(live)];
  if (was === null || is === null) return null;
  const key = name.toLowerCase();
  if (was.get(key) === is.get(key)) return live;
  return editAutoConf(live, new Map([[key, was.get(key) ?? null]]));
}

function restoreLines(name: string, older: string, live: string): string {
  const [was, is] = [linesOf(name, older), linesOf(name, live)];
  const [oldLines, lines] = [older.split('\n'), live.split('\n')];
  const texts = was.map((at) => oldLines[at] ?? '');
  if (texts.join('\n') === is.map((at) => lines[at]).join('\n')) return live;
  const [first = null] = is;
  const at = first ?? placeFor(was[0] ?? null, oldLines, lines);
  const isOwn = new Set(is);
  const kept = lines.flatMap((line, i) => [...(i === at ? texts : []), ...(isOwn.has(i) ? [] : [line])]);
  return (at >= lines.length ? [...kept, ...texts] : kept).join('\n');
}

/** Behind the nearest line above it that is still there, else at the end of the file. */
function placeFor(was: number | null, older: readonly string[], live: readonly string[]): number {
  for (let above = (was ?? 0) - 1; above >= 0; above -= 1) {
    const text = older[above] ?? '';
    const found = text.trim() === '' ? -1 : live.lastIndexOf(text);
    if (found >= 0) return found + 1;
  }
  // The text ends with a line break: what comes behind it is a line of its own.
  return live.at(-1) === '' ? live.length - 1 : live.length;
}

/** Indexes from 0. */
function linesOf(name: string, content: string): readonly number[] {
  return parseConf(content).flatMap((line) =>
    line.kind === 'setting' && line.name.toLowerCase() === name.toLowerCase() ? [line.line - 1] : [],
  );
}
