/** What is said when Temporal does not answer, by whichever of its two clients found that out. */
import type { Problem } from './problem.ts';

export function temporalUnreachable(address: string, error: unknown): Problem {
  return {
    code: 'temporal-unreachable',
    message: `no Temporal server answers at ${address}`,
    detail: inWordsOf(error instanceof Error ? error.message : String(error)),
    hint: 'Start one with "knowngood up", or set TEMPORAL_ADDRESS or the "temporal" section of the configuration file.',
  };
}

/** The native client shows its errors as Rust prints them; the operating system's own words are in there. */
function inWordsOf(text: string): string {
  return /\bOs \{.*\bmessage: "([^"]+)"/.exec(text)?.[1] ?? text;
}
