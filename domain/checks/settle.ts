/** Settling: for a while after a restart dependents may stumble; what that forgives, and what never is forgiven. */
import type { Sample, SampleClass } from '../check.ts';

/** A server that comes back refuses, says 57P03, or keeps its clients waiting; the services behind it answer with errors. */
const forgivable: ReadonlySet<SampleClass> = new Set([
  'refused',
  'starting-up',
  'timeout',
  'http',
  'grpc',
  'metric',
  'command',
  'network',
]);

/** `settleUntil` in Unix ms. Access denials are configuration, not warm-up: they count at once. */
export function isForgiven(sample: Sample, settleUntil: number): boolean {
  return sample.at < settleUntil && sample.mark !== 'pass' && sample.class !== null && forgivable.has(sample.class);
}
