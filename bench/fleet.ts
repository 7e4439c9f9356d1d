/** A rollout over many targets in waves: its time beside the sum of its soaks, and the history of each wave's run. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startOptions } from '../client/rollout.ts';
import type { RolloutResult, RolloutRequest } from '../domain/rollout/rollout.ts';
import { type Figure, median, round } from './figure.ts';
import { aChange } from './load/changes.ts';
import { megabytes } from './load/process-cost.ts';
import { setLoadStage } from './load/stage.ts';
import type { BenchOptions } from './options.ts';

const size = 20;
const overheadGoal = 5;
/** What a wave takes beside its soak does not depend on its length: a short one, and the usual one. */
const otherSoaksMs = [60_000, 600_000];
/** Of the runs of whole waves, the later half over the earlier one. */
const growthGoal = 1.1;

export async function benchFleet({ targets: count, soak, progress }: BenchOptions): Promise<readonly Figure[]> {
  const stage = await setLoadStage(count, 1, progress);
  try {
    const request: RolloutRequest = {
      rolloutId: `bench-${randomBytes(4).toString('hex')}`,
      requestedBy: 'bench',
      change: aChange,
      targets: { names: [...stage.targets.real, ...stage.targets.simulated] },
      canary: 0,
      waves: { size },
      overrides: { soak: `${soak}s` },
    };
    const waves = Math.ceil(count / size);
    progress(`${count} targets in ${waves} waves of ${size}, a soak of ${soak} s each`);
    const began = performance.now();
    const options = startOptions(request);
    const handle = await stage.client.workflow.start('rollout', options);
    const result = (await handle.result()) as RolloutResult;
    const tookMs = performance.now() - began;
    if (result.outcome !== 'done') throw new Error(`the rollout ended otherwise: ${result.summary}`);
    const runs = await runsOf(stage.client, options.workflowId, waves);
    return figures({
      tookMs,
      soakMs: soak * 1_000,
      planMs: runs.plannedMs,
      waves,
      runs: runs.runs,
      workerMegabytes: megabytes(stage.pids.worker).peak,
    });
  } finally {
    await stage.close();
  }
}

interface Run {
  readonly events: number;
  readonly bytes: number;
  readonly input: number;
}

/** Oldest first. */
async function runsOf(
  client: Client,
  workflowId: string,
  waves: number,
): Promise<{ runs: readonly Run[]; plannedMs: number }> {
  for (;;) {
    const ids: string[] = [];
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) ids.unshift(runId);
    // The list is told a moment later than it happens.
    if (ids.length < waves) {
      await sleep(500);
      continue;
    }
    const runs: Run[] = [];
    let plannedMs = 0;
    for (const runId of ids) {
      const one = client.workflow.getHandle(workflowId, runId);
      const { raw } = await one.describe();
      const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
      const { events = [] } = await one.fetchHistory();
      const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const input = payloads.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
      runs.push({ events: Number(historyLength), bytes: Number(historySizeBytes), input });
      if (runs.length === 1)
        plannedMs = timeOf(events?.find((e) => e.activityTaskCompletedEventAttributes)) - timeOf(events?.[0]);
    }
    return { runs, plannedMs };
  }
}

type Event = { readonly eventTime?: { readonly seconds?: unknown; readonly nanos?: number | null } | null };

function timeOf(event: Event | null | undefined): number {
  return Number(event?.eventTime?.seconds ?? 0) * 1_000 + (event?.eventTime?.nanos ?? 0) / 1e6;
}

function figures(measured: {
  readonly tookMs: number;
  readonly soakMs: number;
  readonly planMs: number;
  readonly waves: number;
  readonly runs: readonly Run[];
  readonly workerMegabytes: number;
}): readonly Figure[] {
  const { tookMs, soakMs, planMs, waves, runs, workerMegabytes } = measured;
  const soaks = waves * soakMs;
  const overhead = (100 * (tookMs - soaks)) / soaks;
  // The first run admits, too.
  const whole = runs.slice(1);
  const spread = (of: (run: Run) => number): string =>
    `first ${round(of(runs[0] as Run))}, then ${round(Math.min(...whole.map(of)))} to ${round(Math.max(...whole.map(of)))}, n=${runs.length}`;
  const half = Math.floor(whole.length / 2);
  const growth = (of: (run: Run) => number): number =>
    median(whole.slice(-half).map(of)) / median(whole.slice(0, half).map(of));
  const grown = `later waves ≤ ${growthGoal} × earlier ones`;
  const kibibytes = ({ bytes }: Run): number => bytes / 1_024;
  const events = ({ events: many }: Run): number => many;
  const plain = { floor: null, goal: '–', met: true };
  return [
    {
      name: 'rollout, time beside the sum of its soaks',
      value: overhead,
      unit: '%',
      floor: null,
      goal: `≤ ${overheadGoal} %`,
      met: overhead <= overheadGoal,
      note: `${round(tookMs / 1_000)} s for ${waves} soaks of ${soakMs / 1_000} s; planning all first ${round(planMs / 1_000)} s, a wave beside its soak ${round((tookMs - planMs - soaks) / waves / 1_000)} s`,
    },
    ...otherSoaksMs.map((otherMs): Figure => {
      const value = (100 * (tookMs - soaks)) / (waves * otherMs);
      const goal = `≤ ${overheadGoal} %`;
      const name = `the same beside soaks of ${otherMs / 1_000} s (calculated)`;
      return { name, value, unit: '%', floor: null, goal, met: value <= overheadGoal, note: '' };
    }),
    {
      name: 'rollout, events of a run (a wave)',
      value: median(whole.map(events)),
      unit: '',
      floor: null,
      goal: grown,
      met: growth(events) <= growthGoal,
      note: `${round(growth(events))} ×; ${spread(events)}`,
    },
    {
      name: 'rollout, history of a run (a wave)',
      value: median(whole.map(kibibytes)),
      unit: 'KiB',
      floor: null,
      goal: grown,
      met: growth(kibibytes) <= growthGoal,
      note: `${round(growth(kibibytes))} ×; ${spread(kibibytes)}`,
    },
    {
      name: 'rollout, handed from run to run, most',
      value: Math.max(...runs.map(({ input }) => input)) / 1_024,
      unit: 'KiB',
      floor: null,
      goal: '≤ 64 KiB',
      met: runs.every(({ input }) => input <= 65_536),
      note: spread(({ input }) => input / 1_024),
    },
    { name: 'rollout, worker, resident at most', value: workerMegabytes, unit: 'MB', note: '', ...plain },
  ];
}
