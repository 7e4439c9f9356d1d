/** The second half of `guard` and `apply`: wait for the end, or leave on request. */
import type { ChangeHandle } from '../../client/change-handle.ts';
import type { ChangeResult } from '../../domain/result.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { resultWithin, tellOpen, tellResult } from '../await-end.ts';
import type { TellOptions } from '../await-end.ts';
import type { Follower } from '../follow.ts';
import { renderProblems } from '../render/problem.ts';
import type { Interrupts } from './interrupts.ts';

export interface EndOptions extends TellOptions {
  /** undefined: as long as it takes. */
  readonly waitMs?: number;
}

export async function awaitEnd(
  context: Context,
  change: ChangeHandle,
  { interrupts, follower }: { readonly interrupts: Interrupts; readonly follower: Follower },
  options: EndOptions,
): Promise<ExitCode> {
  const ended = resultWithin(change, options.waitMs).then((result) => ({ result }));
  // Whoever detaches does not wait for this any more, and its failure is nobody's.
  ended.catch(() => undefined);
  for (;;) {
    const first = await Promise.race([ended, interrupts.pending()]);
    if (first !== undefined) return tell(context, change, follower, first.result, options);
    if (interrupts.take() === 'detach') {
      await follower.stop();
      return tellOpen(context, change, 'detached');
    }
    context.io.err('aborting');
    const said = await change.abort(`${context.client.identity}: interrupted`);
    // Too late to abort: the end is near, whichever it is.
    if (said.kind === 'refused') context.io.err(renderProblems(said.problems, context.io.colors));
  }
}

async function tell(
  context: Context,
  change: ChangeHandle,
  follower: Follower,
  result: ChangeResult | null,
  options: EndOptions,
): Promise<ExitCode> {
  await follower.stop();
  return result === null ? tellOpen(context, change, '--wait ran out') : tellResult(context, change, result, options);
}
