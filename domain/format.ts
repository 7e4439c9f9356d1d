/** Times and durations as people read them, in UTC and from Unix ms; pure, so that a replay prints the same. */

/** ECMAScript's own limit for a time value; beyond it `toISOString` throws, and a text must never fail a workflow. */
const longestTimeMs = 8.64e15;

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `2024-04-12T10:15:03.123Z`, null when it is no time at all. */
function isoOf(unixMs: number): string | null {
  return Number.isFinite(unixMs) && Math.abs(unixMs) <= longestTimeMs ? new Date(unixMs).toISOString() : null;
}

/** `10:15:03 UTC`. */
export function timeText(unixMs: number): string {
  const iso = isoOf(unixMs);
  return iso === null ? 'an unknown time' : `${iso.slice(-13, -5)} UTC`;
}

/** `10:15:03.123`: for tables in which seconds would hide the order. */
export function preciseTimeText(unixMs: number): string {
  return isoOf(unixMs)?.slice(-13, -1) ?? 'unknown';
}

/** `2024-04-12 10:15:03 UTC`. */
export function dateTimeText(unixMs: number): string {
  const iso = isoOf(unixMs);
  return iso === null ? 'an unknown time' : `${iso.slice(0, -14)} ${timeText(unixMs)}`;
}

/** `2024-04-12`. */
export function dateText(unixMs: number): string {
  return isoOf(unixMs)?.slice(0, -14) ?? 'an unknown day';
}

/** `0 ms`, `850 ms`, `4.2 s`, `42 s`, `1 min 30 s`, `3 h 5 min`, `2 d 4 h`: two units at most, rounded down. */
export function durationText(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return 'an unknown time';
  if (durationMs < 0) return `-${durationText(-durationMs)}`;
  if (durationMs < secondMs) return `${Math.floor(durationMs)} ms`;
  if (durationMs < 10 * secondMs) return `${Math.floor(durationMs / 100) / 10} s`;
  if (durationMs < minuteMs) return `${Math.floor(durationMs / secondMs)} s`;
  if (durationMs < hourMs) return twoUnits(durationMs, minuteMs, 'min', secondMs, 's');
  if (durationMs < dayMs) return twoUnits(durationMs, hourMs, 'h', minuteMs, 'min');
  return twoUnits(durationMs, dayMs, 'd', hourMs, 'h');
}

function twoUnits(durationMs: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const rest = Math.floor((durationMs % bigMs) / smallMs);
  return `${Math.floor(durationMs / bigMs)} ${big}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** `1 check`, `3 checks`, `no checks`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count === 0 ? 'no' : count} ${count === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}

/** With three digits that tell: `0.0234`, `12.3`, `4560`. */
export function numberText(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** First letter in capitals, for a sentence made of a problem's primary line. */
export function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
