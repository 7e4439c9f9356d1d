/** One measured number beside its floor or peer from the same run, and whether it meets its goal. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same thing done barely or by a peer, in the same run; null: nothing to compare with. */
  readonly floor: number | null;
  /** In words, for example `≤ floor + 100 ms`. */
  readonly goal: string;
  readonly met: boolean;
  /** Spread and count: `p95 41, max 55, n=30`. */
  readonly note: string;
}

/** The medians of two series from the same run; `other` names the second one in the note. */
export function compare(
  name: string,
  { own, floor, other = 'floor' }: Compared,
  goal: string,
  met: (own: number, floor: number) => boolean,
): Figure {
  return {
    name,
    value: median(own),
    unit: 'ms',
    floor: median(floor),
    goal,
    met: met(median(own), median(floor)),
    note: `${spread(own)}; ${other} ${spread(floor)}`,
  };
}

interface Compared {
  readonly own: readonly number[];
  readonly floor: readonly number[];
  readonly other?: string;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function spread(values: readonly number[]): string {
  return `p95 ${round(percentile(values, 95))}, max ${round(Math.max(...values))}, n=${values.length}`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function renderFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    figure.floor === null ? '–' : `${round(figure.floor)} ${figure.unit}`,
    figure.goal,
    figure.met ? 'met' : 'MISSED',
    figure.note,
  ]);
  const table = [['figure', 'value', 'floor or peer', 'goal', '', 'spread'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
