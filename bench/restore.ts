/** From the verdict to "a new connection of the dependent is accepted again", beside a bare script in the same run. */
import type { ConfigChange } from '../domain/change.ts';
import { setStage } from '../demo/stage.ts';
import { compare, type Figure } from './figure.ts';
import { reloadFloor, restartFloor } from './floor.ts';
import { denyingHba, guardedRevert } from './guarded-revert.ts';
import type { BenchOptions } from './options.ts';
import { createProber } from './prober.ts';

/** A restart costs seconds a run, and its spread is small. */
const restartRuns = (runs: number): number => Math.min(runs, 30);

export async function benchRestore({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const stage = await setStage({ variant: null, progress, signal: new AbortController().signal });
  try {
    const { dataDir, restart, port } = stage.database;
    const prober = createProber(port);
    const floor = { dataDir, restart, prober };
    const denying = await denyingHba(dataDir);
    const reloads = { own: [] as number[], floor: [] as number[] };
    const restarts = { own: [] as number[], floor: [] as number[] };
    const byReload: ConfigChange = { kind: 'config', files: { 'pg_hba.conf': denying } };
    const byRestart: ConfigChange = { ...byReload, settings: { max_connections: 55 }, restart: 'allowed' };
    for (let run = 0; run < runs; run++) {
      reloads.floor.push(await reloadFloor(floor, denying));
      reloads.own.push((await guardedRevert(stage, prober, byReload)).restoredMs);
      progress(
        `reload ${run + 1}/${runs}: ${Math.round(reloads.own.at(-1) ?? 0)} ms, floor ${Math.round(reloads.floor.at(-1) ?? 0)} ms`,
      );
    }
    for (let run = 0; run < restartRuns(runs); run++) {
      restarts.floor.push(await restartFloor(floor, denying));
      restarts.own.push((await guardedRevert(stage, prober, byRestart)).restoredMs);
      progress(
        `restart ${run + 1}: ${Math.round(restarts.own.at(-1) ?? 0)} ms, floor ${Math.round(restarts.floor.at(-1) ?? 0)} ms`,
      );
    }
    return [
      compare('verdict → restored, by reload', reloads, '≤ floor + 100 ms', (own, bare) => own <= bare + 100),
      compare('verdict → restored, by restart', restarts, '≤ 1.15 × floor', (own, bare) => own <= 1.15 * bare),
    ];
  } finally {
    await stage.close();
  }
}
