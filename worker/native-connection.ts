/** The worker's and agent's connection to Temporal. */
import { NativeConnection } from '@temporalio/worker';
import { whyNoWay } from '../client/no-way.ts';
import { ProblemsError } from '../config/problems-error.ts';
import type { TemporalConnection } from '../config/temporal.ts';

export async function connectNatively(options: TemporalConnection['options']): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    throw new ProblemsError([await whyNoWay(options, error)]);
  }
}
