/** Records finished histories for the replay gate, when KNOWNGOOD_RECORD_HISTORIES names a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { ChangeResult } from '../../domain/result.ts';

export function record(
  handle: WorkflowHandle,
  { outcome, reason }: Pick<ChangeResult, 'outcome' | 'reason'>,
  name = `${outcome}-${reason}`,
): Promise<void> {
  return recordAs(name, handle);
}

/** Of any workflow that has ended. */
export async function recordAs(name: string, handle: WorkflowHandle): Promise<void> {
  const folder = process.env['KNOWNGOOD_RECORD_HISTORIES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const history = historyToJSON(await handle.fetchHistory());
  writeFileSync(join(folder, `${name}.json`), `${history}\n`);
}
