/** The product as a user runs it: processes of its command line, which end with this one. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { keep, type Kept } from '../worker/stack/keeper.ts';
import { packageRoot } from '../worker/stack/package-root.ts';

export const cliPath = join(packageRoot, 'dist', 'cli', 'main.js');
const pollMs = 50;
const readyWithinMs = 30_000;
const activityQueue = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;

export interface CliOptions {
  readonly cwd: string;
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

export function runCli(args: readonly string[], { cwd, onLine }: CliOptions): Promise<Kept> {
  return keep(process.execPath, [cliPath, ...args], { cwd, env: environment(), ...(onLine ? { onLine } : {}) });
}

/** Starts a worker or an agent, and waits until it asks Temporal for work. */
export async function startServing(
  args: readonly string[],
  queue: string,
  client: Client,
  options: CliOptions,
): Promise<Kept> {
  const kept = await runCli(args, options);
  const end: { code: number | null } = { code: null };
  void kept.exited.then((code) => (end.code = code));
  const deadline = performance.now() + readyWithinMs;
  while (!(await isPolled(queue, client))) {
    if (end.code === null && performance.now() < deadline) {
      await sleep(pollMs);
      continue;
    }
    const late = `did not ask for work within ${readyWithinMs / 1000} s`;
    const how = end.code === null ? late : `ended with code ${end.code}`;
    await kept.stop();
    throw new Error(`knowngood ${args.join(' ')} ${how}\n${kept.tail()}`);
  }
  return kept;
}

async function isPolled(queue: string, client: Client): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: activityQueue,
  });
  return (pollers ?? []).length > 0;
}

/** Without the caller's own Temporal: its variables would win over the demo's configuration files. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|KNOWNGOOD_|PG)/.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}
