/** Whether a target can be guarded from here: reachable, no standby, not managed, privileges enough. Writes nothing. */
import { randomBytes } from 'node:crypto';
import type { AgentConfig } from '../domain/config.ts';
import type { Problem } from '../domain/problem.ts';
import { openTarget } from './open-target.ts';

export interface Inspected {
  /** `17.10`; null: it did not answer, or must not be guarded. */
  readonly version: string | null;
  readonly refused: readonly Problem[];
  /** Why its configuration is not known-good now. */
  readonly dirty: readonly Problem[];
}

export async function inspect(config: AgentConfig): Promise<Inspected> {
  // What is captured here is shown to nobody and kept nowhere: any key does, and the real one stays closed.
  const target = await openTarget(config, randomBytes(32));
  try {
    const identity = await target.identify();
    if (identity.kind === 'refused') return { version: null, refused: identity.problems, dirty: [] };
    const { dirty } = await target.capture();
    return { version: identity.version, refused: [], dirty };
  } finally {
    await target.close();
  }
}
