/** What one measurement brings, before it becomes a sample; and the error of a probe that could not even try. */
import type { Sample } from '../domain/check.ts';

export type Measured = Pick<Sample, 'mark' | 'class' | 'code' | 'message'>;

export const passed: Measured = { mark: 'pass', class: null, code: null, message: null };

export function failedWith(kind: NonNullable<Sample['class']>, code: string | null, message: string): Measured {
  return { mark: 'fail', class: kind, code, message: shorten(message) };
}

/** The probe's own trouble says nothing about the dependent. */
export function probeError(code: string | null, message: string): Measured {
  return { mark: 'error', class: 'probe', code, message: shorten(message) };
}

export function noData(kind: NonNullable<Sample['class']>, message: string): Measured {
  return { mark: 'no-data', class: kind, code: null, message: shorten(message) };
}

const longest = 300;

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
