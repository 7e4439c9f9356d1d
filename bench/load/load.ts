/** Many targets at once: latency, throughput and cost of the orchestrator, beside a workflow that does nothing. */
import type { Figure } from '../figure.ts';
import type { BenchOptions } from '../options.ts';
import { type Load, runBatch } from './batch.ts';
import { type FloorRun, type Run, figures } from './figures.ts';
import { runFloor } from './floor.ts';
import { cpuSeconds, megabytes } from './process-cost.ts';
import { type LoadStage, setLoadStage } from './stage.ts';

const mostServers = 10;
const spreadMs = 60_000;

/** Only what is reverted: of that there is a goal. */
const alone: Load = { atOnce: 1, spreadMs: 0, keepsHalf: false };

export async function benchLoad({ targets: count, progress }: BenchOptions): Promise<readonly Figure[]> {
  const servers = Math.min(mostServers, Math.ceil(count / 2));
  const stage = await setLoadStage(count, servers, progress);
  try {
    progress('one at a time');
    const quiet = await run(stage, servers * 2, alone, progress);
    const parts: Run[] = [];
    for (const share of [4, 2, 1]) {
      const some = Math.ceil(count / share);
      progress(`${some} at once`);
      parts.push(await run(stage, some, { atOnce: some, spreadMs, keepsHalf: true }, progress));
    }
    const whole = parts.at(-1) as Run;
    const activities = Math.max(...whole.done.map((one) => one.activities));
    progress(`${count} workflows of ${activities} activities that do nothing`);
    const floor = await floorOf(stage, count, activities);
    const memory = { worker: megabytes(stage.pids.worker), agents: stage.pids.agents.map(megabytes) };
    return figures({ quiet, parts, floor, memory, spreadMs });
  } catch (error) {
    // Said here: what is still asked of Temporal fails louder when the stage closes.
    progress(error instanceof Error ? (error.stack ?? error.message) : String(error));
    throw error;
  } finally {
    await stage.close();
  }
}

/** Of the first `count` targets. */
async function run(stage: LoadStage, count: number, load: Load, progress: BenchOptions['progress']): Promise<Run> {
  const { client, switchboard, pids } = stage;
  const real = stage.targets.real.slice(0, count);
  const targets = { real, simulated: stage.targets.simulated.slice(0, count - real.length) };
  const [cpu, began] = [cpuSeconds(pids.worker), performance.now()];
  const done = await runBatch({ ...load, client, switchboard, targets, progress });
  const seconds = (performance.now() - began) / 1_000;
  return { done, seconds, cpuMs: ((cpuSeconds(pids.worker) - cpu) * 1_000) / done.length };
}

async function floorOf({ client, pids }: LoadStage, count: number, activities: number): Promise<FloorRun> {
  const [cpu, began] = [cpuSeconds(pids.floor), performance.now()];
  const ms = await runFloor(client, { count, activities, spreadMs });
  const seconds = (performance.now() - began) / 1_000;
  return { ms, seconds, activities, cpuMs: ((cpuSeconds(pids.floor) - cpu) * 1_000) / count };
}
