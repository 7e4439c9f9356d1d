/** A diff as details show it: the first lines, and how many more there are. */
import { countText } from '../format.ts';
import { shorten } from '../markdown.ts';

/** More would push what one can do next off the screen. */
const mostLines = 40;

/** `elsewhere`: where the rest stands; '' where nothing has it. */
export function shortDiff(diff: string, elsewhere = ''): string {
  const lines = diff.replace(/\n+$/, '').split('\n');
  const shown = lines.slice(0, mostLines).map((line) => shorten(line, 200));
  const left = lines.length - shown.length;
  return left === 0 ? shown.join('\n') : [...shown, `… ${countText(left, 'more line')}${elsewhere}`].join('\n');
}
