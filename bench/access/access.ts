/** Figures of the access simulator. */
import type { Figure } from '../figure.ts';
import type { BenchOptions } from '../main.ts';
import { benchParse, benchSimulate } from './simulate.ts';

export async function benchAccess({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  progress('parse of a large file');
  const parse = benchParse(runs);
  progress('who gets in');
  return [parse, ...benchSimulate(Math.min(runs, 10))];
}
