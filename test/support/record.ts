/** Records finished histories for the replay gate, when KNOWNGOOD_RECORD_HISTORIES names a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { ChangeResult } from '../../domain/result.ts';

export function record(
  handle: WorkflowHandle,
  { outcome, reason }: Pick<ChangeResult, 'outcome' | 'reason'>,
  name = `${outcome}-${reason}`,
): Promise<void> {
  return recordAs(name, handle);
}

/** Each run of it, from the first that continued as new to the last. */
export async function recordRuns(name: string, client: Client, workflowId: string): Promise<void> {
  if (process.env['KNOWNGOOD_RECORD_HISTORIES'] === undefined) return;
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  let runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? null;
  for (let n = 1; runId; n += 1) {
    const run = client.workflow.getHandle(workflowId, runId);
    await recordAs(`${name}-${n}`, run);
    const last = (await run.fetchHistory()).events?.at(-1);
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? null;
  }
}

/** Of any workflow that has ended. */
export async function recordAs(name: string, handle: WorkflowHandle): Promise<void> {
  const folder = process.env['KNOWNGOOD_RECORD_HISTORIES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const history = historyToJSON(await handle.fetchHistory());
  writeFileSync(join(folder, `${name}.json`), `${history}\n`);
}
