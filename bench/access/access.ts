/** Figures of the access simulator. */
import type { Figure } from '../figure.ts';
import type { BenchOptions } from '../options.ts';
import { sampler } from './sampler.ts';
import { benchParse, benchSimulate } from './simulate.ts';

export async function benchAccess({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  progress('parse of a large file');
  const parse = benchParse(runs);
  progress('who gets in');
  const figures = [parse, ...benchSimulate(Math.min(runs, 10))];
  progress('the sampler, on a server with many sessions');
  return [...figures, ...(await sampler({ progress }))];
}
