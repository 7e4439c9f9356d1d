/** Starts a change, or attaches to it; ends within seconds when nobody is there to run it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeHandle } from '../client/change-handle.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { unknownTarget } from '../config/admit.ts';
import type { Context } from './context.ts';
import { must, stop } from './stop.ts';

const workerWithinMs = 10_000;

export interface StartedChange {
  readonly change: ChangeHandle;
  /** It was started before, by whoever used this id first. */
  readonly attached: boolean;
}

export async function startChange(context: Context, request: ChangeRequest): Promise<StartedChange> {
  const { io, client, config } = context;
  if (config !== null && config.targets[request.target] === undefined)
    throw stop(unknownTarget(request.target, Object.keys(config.targets)));
  await awaitWorker(context);
  const started = must(await client.start(request));
  const { change } = started;
  const attached = started.kind === 'attached';
  io.err(`${attached ? 'attached to' : 'started'} change ${change.target}:${change.changeId}`);
  const { ui } = context.links(change.workflowId);
  if (ui !== null) io.err(ui);
  return { change, attached };
}

/** Before anything is started: a change that nobody runs would begin at a time that nobody chose. */
export async function awaitWorker({ client }: Context): Promise<void> {
  const started = performance.now();
  while (!(await client.hasWorker())) {
    if (performance.now() - started > workerWithinMs) {
      throw stop({
        code: 'no-worker',
        message: 'no Knowngood worker is running',
        detail: `Nobody has polled task queue "knowngood" for ${workerWithinMs / 1000} seconds; nothing was started.`,
        hint: 'Start one with "knowngood worker" or "knowngood up".',
      });
    }
    await sleep(500);
  }
}
