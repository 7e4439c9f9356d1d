/** What a fault works on. */
import type { Stage } from '../stage.ts';

export interface FaultContext {
  readonly stage: Stage;
  readonly changeId: string;
  readonly workflowId: string;
}

/** null: it was done; else why it could not be. */
export type Done = string | null;

/** One fault at a time on a process or a line. */
export async function holding(stage: Stage, name: string, work: () => Promise<void>): Promise<Done> {
  if (stage.held.has(name)) return `${name} is hurt already`;
  stage.held.add(name);
  try {
    await work();
    return null;
  } finally {
    stage.held.delete(name);
  }
}
