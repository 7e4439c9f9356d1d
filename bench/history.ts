/** How many events a kept change leaves in Temporal's history: a soak of 10 minutes, five checks, one sample a second. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { orchestratorQueue, workflowIdOf, type ChangeRequest } from '../domain/change.ts';
import type { ChangeResult } from '../domain/result.ts';
import { target } from '../demo/config-files.ts';
import { setStage } from '../demo/stage.ts';
import type { Figure } from './figure.ts';
import type { BenchOptions } from './main.ts';

const goalEvents = 100;

export async function benchHistory({ progress }: BenchOptions): Promise<readonly Figure[]> {
  const stage = await setStage({ variant: null, rehearsal: false, progress, signal: new AbortController().signal });
  try {
    const yaml = await readFile(stage.files.knowngood, 'utf8');
    await writeFile(stage.files.knowngood, yaml.replace('interval: 500ms', 'interval: 1s'));
    const changeId = `bench-${randomBytes(4).toString('hex')}`;
    const request: ChangeRequest = {
      target,
      changeId,
      change: { kind: 'config', settings: { work_mem: '5MB' } },
      requestedBy: 'bench',
      overrides: { soak: '10m' },
    };
    progress('a soak of 10 minutes with five checks at 1 s; this takes 10 minutes');
    const handle = await stage.client.workflow.start('guardedChange', {
      workflowId: workflowIdOf(target, changeId),
      taskQueue: orchestratorQueue,
      args: [request],
    });
    const result = (await handle.result()) as ChangeResult;
    if (result.outcome !== 'kept') throw new Error(`the change was not kept: ${result.summary}`);
    const history = await handle.fetchHistory();
    const events = history.events?.length ?? Number.NaN;
    return [
      {
        name: 'history of a kept change, 10 min soak',
        value: events,
        unit: 'events',
        floor: null,
        goal: `≤ ${goalEvents}`,
        met: events <= goalEvents,
        note: `${Math.round((result.moments.closed - result.moments.started) / 1000)} s, five checks at 1 s`,
      },
    ];
  } finally {
    await stage.close();
  }
}
