/** What checks have seen, a line each. Pure. */
import type { Sample } from '../../domain/check.ts';
import { levelText } from '../../domain/checks/consequence.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { TriedCheck } from '../../workflows/try-checks.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';
import { columns } from './text.ts';

export function renderTried(tried: readonly TriedCheck[], colors: Colors = noColors): string {
  const paint: Readonly<Record<Sample['mark'] | 'absent', (text: string) => string>> = {
    pass: colors.green,
    fail: colors.red,
    error: colors.yellow,
    'no-data': colors.yellow,
    absent: colors.yellow,
  };
  const markOf = ({ sample }: TriedCheck): Sample['mark'] | 'absent' => sample?.mark ?? 'absent';
  const lines = columns([
    ['RESULT', 'CHECK', 'KIND', 'LEVEL', 'FROM', 'TOOK', 'SAID'],
    ...tried.map((one) => [markOf(one), one.name, one.kind, levelText(one), one.location, tookOf(one), saidOf(one)]),
  ]);
  return lines
    .map((line, at) => {
      const one = tried[at - 1];
      if (one === undefined) return line;
      const mark = markOf(one);
      return `${paint[mark](mark)}${line.slice(mark.length)}`;
    })
    .join('\n');
}

function tookOf({ sample }: TriedCheck): string {
  return sample === null ? '' : `${Math.round(sample.latencyMs)} ms`;
}

function saidOf({ sample, problem }: TriedCheck): string {
  if (problem !== null) return oneLine([problem.message, problem.hint].filter(Boolean).join('. '));
  return oneLine([sample?.class, sample?.code, sample?.message].filter(Boolean).join(' '));
}
