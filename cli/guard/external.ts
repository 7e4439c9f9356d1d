/** `guard -- command`: the command runs here, between `armed` and `applied`; nothing of it runs on when the change is undone. */
import { basename } from 'node:path';
import type { ChangeHandle } from '../../client/change-handle.ts';
import type { Phase } from '../../domain/phase.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { follow } from '../follow.ts';
import { renderProblems } from '../render/problem.ts';
import { must } from '../stop.ts';
import { startChild } from './child.ts';
import type { ChildEnd } from './child.ts';
import { awaitEnd } from './end.ts';
import type { EndOptions } from './end.ts';
import { listenForInterrupts } from './interrupts.ts';
import type { Interrupts } from './interrupts.ts';

/** What people are told about the command: its name. Arguments can hold secrets, and stay here. */
export function describeCommand([file = '']: readonly string[]): string {
  return basename(file).slice(0, 200);
}

/** `change` was started a moment ago, by us: a change that we only attached to never runs the command again. */
export async function guardCommand(
  context: Context,
  change: ChangeHandle,
  command: readonly string[],
  options: EndOptions,
): Promise<ExitCode> {
  let undone: () => void = () => undefined;
  const isUndone = new Promise<void>((resolve) => (undone = resolve));
  const follower = follow(change, context.io, ({ phase }) => {
    if (undoing.has(phase)) undone();
  });
  const interrupts = listenForInterrupts(context.io, follower.quiet);
  try {
    if (await armed(context, change, interrupts)) {
      follower.quiet(true);
      await context.tracing.span('command', {}, () => runAndTell(context, change, command, { interrupts, isUndone }));
      follower.quiet(false);
      interrupts.mayDetach(true);
    }
    return await awaitEnd(context, change, { interrupts, follower }, { aside: true, ...options });
  } finally {
    interrupts.stop();
    await follower.stop();
  }
}

/** Phases that begin only after someone else has decided: an operator, the deadline, the agent. */
const undoing: ReadonlySet<Phase> = new Set(['revert', 'revert-incomplete', 'verify', 'report', 'closed']);

/** False: it ended before it began, or is about to; the result says how. */
async function armed(context: Context, change: ChangeHandle, interrupts: Interrupts): Promise<boolean> {
  const asked = change.awaitArmed();
  const first = await Promise.race([asked, interrupts.pending()]);
  if (first !== undefined) {
    if (first.kind === 'refused' && first.problems.some(({ code }) => code === 'unknown-change')) return false;
    if (first.kind === 'refused') await change.cancel();
    return must(first).answer.armed;
  }
  asked.catch(() => undefined);
  interrupts.take();
  await say(context, change.abort(`${context.client.identity}: interrupted`), interrupts);
  return false;
}

interface Outside {
  readonly interrupts: Interrupts;
  readonly isUndone: Promise<void>;
}

async function runAndTell(
  context: Context,
  change: ChangeHandle,
  command: readonly string[],
  outside: Outside,
): Promise<void> {
  const { io, client, options } = context;
  const env = {
    ...io.env,
    ...context.tracing.environment(),
    KNOWNGOOD_TARGET: change.target,
    KNOWNGOOD_CHANGE_ID: change.changeId,
  };
  const child = startChild(command, { stdoutToStderr: options.json === true, env });
  const first = await Promise.race([
    child.ended.then((end) => ({ why: 'ended' as const, end })),
    outside.interrupts.pending().then(() => ({ why: 'interrupted' as const })),
    outside.isUndone.then(() => ({ why: 'undone' as const })),
  ]);
  if (first.why === 'ended') return tellEnd(context, change, first.end, outside.interrupts);
  if (first.why === 'interrupted') outside.interrupts.take();
  io.err(first.why === 'undone' ? 'the change is being undone: stopping the command' : 'stopping the command');
  const end = await child.stop();
  // Without a person at the keyboard `failed` is the abort; with one, the abort is theirs and is recorded as such.
  if (first.why === 'interrupted' && io.interactive)
    await say(context, change.abort(`${client.identity}: interrupted`), outside.interrupts);
  const exitCode = end.exitCode === 0 ? 130 : end.exitCode;
  await say(context, change.failed({ exitCode, message: `stopped: ${first.why}` }), outside.interrupts);
}

async function tellEnd(
  context: Context,
  change: ChangeHandle,
  { exitCode, message }: ChildEnd,
  interrupts: Interrupts,
): Promise<void> {
  if (message !== '') context.io.err(message);
  if (exitCode === 0) await say(context, change.applied({ exitCode }), interrupts);
  else await say(context, change.failed({ exitCode, ...(message === '' ? {} : { message }) }), interrupts);
}

/** A refusal is told and no more: what it came too late for is what we now wait for. */
async function say({ io }: Context, said: ReturnType<ChangeHandle['applied']>, interrupts: Interrupts): Promise<void> {
  // Temporal may be away for long: another signal is not kept waiting, it is taken where the end is awaited.
  said.catch(() => undefined);
  const answer = await Promise.race([said, interrupts.pending()]);
  if (answer?.kind === 'refused') io.err(renderProblems(answer.problems, io.colors));
}
