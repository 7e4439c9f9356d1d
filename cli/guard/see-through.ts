/** Waits for a change that does not run here: declared, on the host, or started by somebody else. */
import type { ChangeHandle } from '../../client/change-handle.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { follow } from '../follow.ts';
import { awaitEnd } from './end.ts';
import type { EndOptions } from './end.ts';
import { listenForInterrupts } from './interrupts.ts';

export async function seeThrough(context: Context, change: ChangeHandle, options: EndOptions): Promise<ExitCode> {
  const follower = follow(change, context.io);
  const interrupts = listenForInterrupts(context.io, follower.quiet);
  interrupts.mayDetach(true);
  try {
    return await awaitEnd(context, change, { interrupts, follower }, options);
  } finally {
    interrupts.stop();
    await follower.stop();
  }
}
