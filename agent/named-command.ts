/** Runs the command that the agent's own configuration names, once: journaled, then released, then waited for. */
import { commandEnded, commandStarting, mayWrite, type Journal, type JournaledCommand } from '../domain/journal.ts';
import type { Problem } from '../domain/problem.ts';
import type { Fence, Say } from '../targets/target.ts';
import { Fenced } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { type EndedCommand, killCommand, startGated } from './command.ts';
import { bootId } from './host.ts';
import { unknownCommand } from './preparing.ts';

export interface CommandAnswer {
  /** Empty: it ended with exit code 0. */
  readonly problems: readonly Problem[];
  readonly exitCode: number | null;
}

const sayEveryMs = 5_000;

export async function runNamedCommand(
  parts: AgentParts,
  journal: Journal,
  name: string,
  fence: Fence,
  say: Say,
): Promise<CommandAnswer> {
  const command = parts.config.commands[name];
  if (command === undefined) return { problems: [unknownCommand(parts.config, name)], exitCode: null };
  return runJournaled(
    parts,
    journal,
    { ...command, name },
    { starting: commandStarting, ended: commandEnded },
    fence,
    say,
  );
}

export interface Journaling {
  starting(journal: Journal, command: JournaledCommand): Journal;
  ended(journal: Journal, exitCode: number): Journal;
}

export async function runJournaled(
  { state }: Pick<AgentParts, 'state'>,
  journal: Journal,
  command: { readonly name: string; readonly run: readonly string[]; readonly timeoutMs: number },
  journaling: Journaling,
  fence: Fence,
  say: Say,
): Promise<CommandAnswer> {
  const { name } = command;
  const started = startGated(command.run);
  const { pgid, startTicks } = started;
  const journaled: JournaledCommand = { name, pgid, startTicks, bootId: bootId(), exitCode: null };
  try {
    await state.journal.exclusive(async (found, write) => {
      if (found === null || !mayWrite(found, journal)) throw new Fenced();
      await write(journaling.starting(found, journaled));
    });
    await fence();
  } catch (error) {
    started.dismiss();
    await started.ended;
    throw error;
  }
  started.release();
  say(`command ${name} runs`);
  const began = performance.now();
  const progress = setInterval(
    () => say(`command ${name} runs for ${Math.round((performance.now() - began) / 1_000)} s`),
    sayEveryMs,
  );
  const ended = await within(command.timeoutMs, started.ended);
  clearInterval(progress);
  if (ended === null) {
    await killCommand(journaled, say);
    await started.ended;
    return { problems: [timedOut(name, command.timeoutMs)], exitCode: null };
  }
  await state.journal.exclusive(async (found, write) => {
    // Also when it was fenced meanwhile: that it has ended is true whoever asks.
    if (found?.changeId === journal.changeId) await write(journaling.ended(found, ended.exitCode));
  });
  await fence();
  return { problems: ended.exitCode === 0 ? [] : [exited(name, ended)], exitCode: ended.exitCode };
}

/** null: not in time. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), timeoutMs)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function exited(name: string, { exitCode, signal, output }: EndedCommand): Problem {
  const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
  return {
    code: 'command-failed',
    message: `command ${name} ${how}`,
    ...(output === '' ? {} : { detail: output }),
  };
}

function timedOut(name: string, timeoutMs: number): Problem {
  return {
    code: 'command-timeout',
    message: `command ${name} did not end within ${timeoutMs / 1_000} s and was stopped`,
    hint: 'Give it a longer timeout under commands in agent.yaml.',
  };
}
