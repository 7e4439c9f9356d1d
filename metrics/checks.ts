/** Measurements of checks in figures. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { RecordSamples } from '../probes/sample-spool.ts';

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function countingSamples(record: RecordSamples, registry: Registry): RecordSamples {
  const results = new Counter({
    name: 'knowngood_check_samples_total',
    help: 'Measurements of checks: pass, fail, error (the check could not be made) and no-data.',
    labelNames: ['target', 'check', 'result', 'shadow'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'knowngood_check_latency_seconds',
    help: 'How long measurements that passed took.',
    labelNames: ['target', 'check', 'shadow'],
    buckets,
    registers: [registry],
  });
  return (target, changeId, samples) => {
    for (const { check, mark, latencyMs, shadow } of samples) {
      // An empty label is none: only checks that are tried out have it.
      const labels = { target, check, ...(shadow === true ? { shadow: 'true' } : {}) };
      results.inc({ ...labels, result: mark });
      if (mark === 'pass') latency.observe(labels, latencyMs / 1_000);
    }
    return record(target, changeId, samples);
  };
}
