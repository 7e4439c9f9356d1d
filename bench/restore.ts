/** From the verdict to "a new connection of the dependent is accepted again", beside a bare script in the same run. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orchestratorQueue, workflowIdOf, type ChangeRequest, type ConfigChange } from '../domain/change.ts';
import type { ChangeResult } from '../domain/result.ts';
import { target } from '../demo/config-files.ts';
import { setStage, type Stage } from '../demo/stage.ts';
import { median, spread, type Figure } from './figure.ts';
import { reloadFloor, restartFloor } from './floor.ts';
import type { BenchOptions } from './main.ts';
import { createProber, now } from './prober.ts';

/** A restart costs seconds a run, and its spread is small. */
const restartRuns = (runs: number): number => Math.min(runs, 30);

export async function benchRestore({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const stage = await setStage({ variant: null, progress, signal: new AbortController().signal });
  try {
    const { dataDir, restart, port } = stage.database;
    const prober = createProber(port);
    const floor = { dataDir, restart, prober };
    const hba = await readFile(join(dataDir, 'pg_hba.conf'), 'utf8');
    const denying = hba
      .split('\n')
      .filter((line) => !line.includes('image_svc'))
      .join('\n');
    const reloads = { own: [] as number[], floor: [] as number[] };
    const restarts = { own: [] as number[], floor: [] as number[] };
    const byReload: ConfigChange = { kind: 'config', files: { 'pg_hba.conf': denying } };
    const byRestart: ConfigChange = { ...byReload, settings: { max_connections: 55 }, restart: 'allowed' };
    for (let run = 0; run < runs; run++) {
      reloads.floor.push(await reloadFloor(floor, denying));
      reloads.own.push(await restored(stage, prober, byReload));
      progress(
        `reload ${run + 1}/${runs}: ${Math.round(reloads.own.at(-1) ?? 0)} ms, floor ${Math.round(reloads.floor.at(-1) ?? 0)} ms`,
      );
    }
    for (let run = 0; run < restartRuns(runs); run++) {
      restarts.floor.push(await restartFloor(floor, denying));
      restarts.own.push(await restored(stage, prober, byRestart));
      progress(
        `restart ${run + 1}: ${Math.round(restarts.own.at(-1) ?? 0)} ms, floor ${Math.round(restarts.floor.at(-1) ?? 0)} ms`,
      );
    }
    return [
      figure('verdict → restored, by reload', reloads, '≤ floor + 100 ms', (own, bare) => own <= bare + 100),
      figure('verdict → restored, by restart', restarts, '≤ 1.15 × floor', (own, bare) => own <= 1.15 * bare),
    ];
  } finally {
    await stage.close();
  }
}

async function restored(stage: Stage, prober: ReturnType<typeof createProber>, change: ConfigChange): Promise<number> {
  const changeId = `bench-${randomBytes(4).toString('hex')}`;
  const request: ChangeRequest = { target, changeId, change, requestedBy: 'bench', overrides: { soak: '60s' } };
  const handle = await stage.client.workflow.start('guardedChange', {
    workflowId: workflowIdOf(target, changeId),
    taskQueue: orchestratorQueue,
    args: [request],
  });
  await prober.deniedAfter(now());
  const acceptedAt = await prober.acceptedAfter(now());
  const result = (await handle.result()) as ChangeResult;
  if (result.outcome !== 'reverted' || result.reason !== 'check-failed' || result.moments.decided === null)
    throw new Error(`a bench run ended otherwise: ${result.outcome}, ${result.summary}`);
  return acceptedAt - result.moments.decided;
}

function figure(
  name: string,
  { own, floor }: { readonly own: readonly number[]; readonly floor: readonly number[] },
  goal: string,
  met: (own: number, floor: number) => boolean,
): Figure {
  return {
    name,
    value: median(own),
    unit: 'ms',
    floor: median(floor),
    goal,
    met: met(median(own), median(floor)),
    note: `${spread(own)}; floor ${spread(floor)}`,
  };
}
