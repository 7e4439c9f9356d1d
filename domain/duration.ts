/** Durations as people write them (`30s`, `5m`) and as code counts them (milliseconds). */

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A year: longer ones are a slip of the finger, and overflow timers. */
const longestMs = 366 * unitMs.d;

export const durationPattern = /^\d{1,9}(\.\d{1,3})?(ms|s|m|h|d)$/;
export const durationForm = 'A duration is a number and a unit: "500ms", "30s", "5m", "2h" or "1d".';

/** null: not a duration, or longer than a year. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (!durationPattern.test(trimmed)) return null;
  const digits = /^[\d.]+/.exec(trimmed)?.[0] ?? '';
  const unit = trimmed.slice(digits.length) as keyof typeof unitMs;
  const durationMs = Math.round(Number(digits) * unitMs[unit]);
  return durationMs <= longestMs ? durationMs : null;
}

/** The shortest exact form: 600000 → `10m`, 90000 → `90s`. */
export function formatDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (durationMs >= unitMs[unit] && durationMs % unitMs[unit] === 0) return `${durationMs / unitMs[unit]}${unit}`;
  }
  // More digits than `durationPattern` takes, so that what is written can be read.
  if (durationMs >= 1e9) return `${durationMs / unitMs.s}s`;
  return durationMs === 0 ? '0s' : `${durationMs}ms`;
}
