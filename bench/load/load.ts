/** Many targets at once: latency, throughput and cost of the orchestrator, beside a workflow that does nothing. */
import { type Figure, median, percentile, round } from '../figure.ts';
import type { BenchOptions } from '../main.ts';
import { type Batch, type Done, alone, runBatch } from './batch.ts';
import { runFloor } from './floor.ts';
import { cpuSeconds, peakMegabytes } from './process-cost.ts';
import { setLoadStage } from './stage.ts';

const mostServers = 10;
const spreadMs = 60_000;

interface Run {
  readonly done: readonly Done[];
  readonly seconds: number;
  /** Of the worker's process, a change. */
  readonly cpuMs: number;
}

export async function benchLoad({ targets: count, progress }: BenchOptions): Promise<readonly Figure[]> {
  const servers = Math.min(mostServers, Math.ceil(count / 2));
  const stage = await setLoadStage(count, servers, progress);
  const { client, switchboard, targets, pids } = stage;
  try {
    const common = { client, switchboard, progress };
    const run = async (batch: Pick<Batch, 'targets' | 'spreadMs' | 'atOnce'>): Promise<Run> => {
      const [cpu, began] = [cpuSeconds(pids.worker), performance.now()];
      const done = await runBatch({ ...common, ...batch });
      const seconds = (performance.now() - began) / 1_000;
      return { done, seconds, cpuMs: ((cpuSeconds(pids.worker) - cpu) * 1_000) / done.length };
    };
    progress('one at a time');
    // Half of them have a server.
    const quiet = await run({ ...alone, targets: targets.slice(0, servers * 2) });
    const parts: Run[] = [];
    for (const share of [4, 2, 1]) {
      const some = targets.slice(0, Math.ceil(count / share));
      progress(`${some.length} at once`);
      parts.push(await run({ targets: some, spreadMs, atOnce: some.length }));
    }
    const [small, , whole] = parts as [Run, Run, Run];
    const activities = Math.max(...whole.done.map((one) => one.activities));
    progress(`${count} workflows of ${activities} activities that do nothing`);
    const [floorCpu, floorBegan] = [cpuSeconds(pids.floor), performance.now()];
    const floorMs = await runFloor(client, { count, activities, spreadMs });
    const floorSeconds = (performance.now() - floorBegan) / 1_000;
    const floor = {
      perMinute: (count * 60) / floorSeconds,
      cpuMs: ((cpuSeconds(pids.floor) - floorCpu) * 1_000) / count,
      ms: floorMs,
    };
    return figures({ count, quiet, small, whole, floor, activities, pids });
  } finally {
    await stage.close();
  }
}

interface Measured {
  readonly count: number;
  readonly quiet: Run;
  readonly small: Run;
  readonly whole: Run;
  readonly floor: { readonly perMinute: number; readonly cpuMs: number; readonly ms: readonly number[] };
  readonly activities: number;
  readonly pids: { readonly worker: number; readonly agent: number };
}

function figures({ count, quiet, small, whole, floor, activities, pids }: Measured): readonly Figure[] {
  const restored = ({ done }: Run): readonly number[] => done.flatMap(({ restoredMs }) => restoredMs ?? []);
  const armed = ({ done }: Run): readonly number[] => done.map(({ armedMs }) => armedMs);
  const kept = whole.done.filter(({ outcome }) => outcome === 'kept');
  const [restoredP95, quietP95] = [percentile(restored(whole), 95), percentile(restored(quiet), 95)];
  const most = Math.max(...kept.map(({ events }) => events));
  const growth = whole.cpuMs / small.cpuMs;
  const figure = (name: string, value: number, unit: string, rest: Partial<Figure> = {}): Figure => ({
    name,
    value,
    unit,
    floor: null,
    goal: '–',
    met: true,
    note: '',
    ...rest,
  });
  return [
    figure(`verdict → restored, p95 of ${count} at once`, restoredP95, 'ms', {
      floor: quietP95,
      goal: '≤ 2 × one at a time',
      met: restoredP95 <= 2 * quietP95,
      note: percentiles(restored(whole)),
    }),
    figure('start → armed, p95', percentile(armed(whole), 95), 'ms', {
      floor: percentile(armed(quiet), 95),
      note: percentiles(armed(whole)),
    }),
    figure('completed changes a minute', (whole.done.length * 60) / whole.seconds, '', {
      floor: floor.perMinute,
      note: `verdicts spread over ${spreadMs / 1_000} s; floor: ${activities} activities that do nothing`,
    }),
    figure('events of a kept change, most', most, '', {
      goal: '≤ 100',
      met: most <= 100,
      note: `reverted: ${Math.max(...whole.done.map(({ events }) => events))}`,
    }),
    figure('history of a kept change', median(kept.map(({ bytes }) => bytes)) / 1_024, 'KiB'),
    figure('worker, processor time a change', whole.cpuMs, 'ms', {
      floor: floor.cpuMs,
      goal: `≤ 1.25 × that of ${small.done.length} at once`,
      met: growth <= 1.25,
      note: `${small.done.length} at once: ${round(small.cpuMs)} ms; one at a time: ${round(quiet.cpuMs)} ms`,
    }),
    figure('worker, resident', peakMegabytes(pids.worker), 'MB'),
    figure('agent, resident', peakMegabytes(pids.agent), 'MB', {
      goal: '≤ 150 MB',
      met: peakMegabytes(pids.agent) <= 150,
    }),
  ];
}

function percentiles(values: readonly number[]): string {
  return `p50 ${round(median(values))}, p99 ${round(percentile(values, 99))}, n=${values.length}`;
}
