/** One guarded change that locks the dependent out and is reverted by its failing check, seen from outside. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orchestratorQueue, workflowIdOf, type ChangeRequest, type ConfigChange } from '../domain/change.ts';
import type { ChangeResult } from '../domain/result.ts';
import { target } from '../demo/config-files.ts';
import type { Stage } from '../demo/stage.ts';
import { now, type Prober } from './prober.ts';

/** Milliseconds. */
export interface Reverted {
  /** From the verdict to the next accepted connection of the dependent. */
  readonly restoredMs: number;
  /** From the first word to the orchestrator to the result. */
  readonly wholeMs: number;
}

/** The server's pg_hba.conf without the dependent's rule. */
export async function denyingHba(dataDir: string): Promise<string> {
  const hba = await readFile(join(dataDir, 'pg_hba.conf'), 'utf8');
  return hba
    .split('\n')
    .filter((line) => !line.includes('image_svc'))
    .join('\n');
}

export async function guardedRevert(stage: Stage, prober: Prober, change: ConfigChange): Promise<Reverted> {
  const changeId = `bench-${randomBytes(4).toString('hex')}`;
  const request: ChangeRequest = {
    target,
    changeId,
    change,
    requestedBy: 'bench',
    overrides: { soak: '60s', allowAccessLoss: true },
  };
  const beganAt = now();
  const handle = await stage.client.workflow.start('guardedChange', {
    workflowId: workflowIdOf(target, changeId),
    taskQueue: orchestratorQueue,
    args: [request],
  });
  await prober.deniedAfter(now());
  const acceptedAt = await prober.acceptedAfter(now());
  const result = (await handle.result()) as ChangeResult;
  const wholeMs = now() - beganAt;
  if (result.outcome !== 'reverted' || result.reason !== 'check-failed' || result.moments.decided === null)
    throw new Error(`a bench run ended otherwise: ${result.outcome}, ${result.summary}`);
  return { restoredMs: acceptedAt - result.moments.decided, wholeMs };
}
