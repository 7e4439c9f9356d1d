/** `knowngood rollout`: one change for many targets, a canary first, then waves. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { clientIdentity } from '../../client/identity.ts';
import type { RolloutHandle } from '../../client/rollout.ts';
import { loadRolloutFile } from '../../config/rollout-file.ts';
import type { RolloutResult } from '../../domain/rollout/rollout.ts';
import type { RolloutWord } from '../../domain/rollout/state.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, withClient, withTracedClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { durationOption, nameOption } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { renderProblems } from '../render/problem.ts';
import { renderRolloutResult, rolloutExitCode, rolloutLines } from '../render/rollout.ts';
import { noteOf } from '../signing/approval-words.ts';
import { awaitWorker } from '../start-change.ts';
import { must } from '../stop.ts';
import { addRolloutReport, addRolloutStatus } from './rollout-look.ts';

interface Options {
  readonly id?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

export const addRollout: AddCommand = (program, surroundings) => {
  const { io, exit } = surroundings;
  const command = program
    .command('rollout')
    .description('make one change on many targets: a canary, then waves; halt and undo when one goes wrong')
    .argument('<file>', 'rollout.yaml')
    .option('--id <id>', 'names the rollout; a repeat with the same id attaches to it', nameOption)
    .option('--reason <text>', 'why, for people; shown everywhere, so no secrets')
    .option('--detach', 'do not wait for the outcome')
    .option(
      '--wait <duration>',
      'wait at most this long for the outcome (default: as long as it takes)',
      durationOption,
    )
    .action(async (file: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const loaded = await loadRolloutFile(file, { rolloutId: newChangeId('rollout'), requestedBy: clientIdentity() });
      const request = {
        ...loaded,
        ...(options.id === undefined ? {} : { rolloutId: options.id }),
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      };
      const code = await withTracedClient(io, options, { command: 'rollout', about: request }, async (context) => {
        await awaitWorker(context);
        const started = must(await context.client.rollouts.start(request));
        io.err(`${started.kind === 'attached' ? 'attached to' : 'started'} rollout ${request.rolloutId}`);
        const { ui } = context.links(started.rollout.workflowId);
        if (ui !== null) io.err(ui);
        if (options.detach) return tellOpen(context, started.rollout, 'detached');
        return seeThrough(context, started.rollout, options.wait);
      });
      exit(code);
    });
  addWords(command, surroundings);
  addRolloutStatus(command, surroundings);
  addRolloutReport(command, surroundings);
};

const pollMs = 1_000;

/** Follows it wave by wave, to its end. Ctrl-C ends only the following. */
async function seeThrough(context: Context, rollout: RolloutHandle, waitMs: number | undefined): Promise<ExitCode> {
  const ending = new AbortController();
  const following = follow(context, rollout, ending.signal);
  const ended = rollout.result();
  try {
    const late =
      waitMs === undefined ? null : sleep(waitMs, 'late' as const, { signal: ending.signal }).catch(() => null);
    const answer = await (late === null ? ended : Promise.race([ended, late]));
    if (answer === 'late' || answer === null) return tellOpen(context, rollout, '--wait ran out');
    return tell(context, rollout, must(answer).result);
  } finally {
    ending.abort();
    await following;
  }
}

async function follow({ io }: Context, rollout: RolloutHandle, signal: AbortSignal): Promise<void> {
  const told = new Map<number, string>();
  while (!signal.aborted) {
    const answer = await rollout.view().catch(() => null);
    if (answer?.kind === 'view' && !signal.aborted)
      rolloutLines(answer.view).forEach((line, wave) => {
        const isBegun = answer.view.targets.some((one) => one.wave === wave && one.state !== 'waiting');
        if (isBegun && told.get(wave) !== line) io.err(line);
        if (isBegun) told.set(wave, line);
      });
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function tell({ io, options, links }: Context, { workflowId }: RolloutHandle, result: RolloutResult): ExitCode {
  const exitCode = rolloutExitCode(result);
  const where = links(workflowId);
  if (options.json) io.out(JSON.stringify({ version: jsonVersion, exitCode, ...where, ...result }, null, 2));
  else io.out(renderRolloutResult(result, where, io.colors));
  if (result.problems.length > 0) io.err(renderProblems(result.problems, io.colors));
  return exitCode;
}

function tellOpen({ io, options, links }: Context, { rolloutId, workflowId }: RolloutHandle, why: string): ExitCode {
  const exitCode = exitCodes.open;
  if (options.json)
    io.out(
      JSON.stringify({ version: jsonVersion, exitCode, outcome: null, why, rolloutId, ...links(workflowId) }, null, 2),
    );
  io.err(`${why}; the rollout goes on`);
  io.err(`see it with: knowngood rollout status ${rolloutId}`);
  return exitCode;
}

const words: Readonly<Record<RolloutWord, string>> = {
  pause: 'change no further target; open changes go on',
  resume: 'go on after a pause',
  continue: 'begin the next wave now, or go on in spite of a halt',
  undo: 'take the change back where it was kept, the last one first',
  keep: 'undo nothing more, and end',
  abort: 'revert what is open, and halt',
};

const addWords = (command: Command, { io }: Parameters<AddCommand>[1]): void => {
  for (const [word, description] of Object.entries(words) as [RolloutWord, string][]) {
    command
      .command(word)
      .description(description)
      .argument('<rollout>', 'its id', nameOption)
      .option('--reason <text>', 'why, for people; shown everywhere, so no secrets')
      .option('--as <name>', 'your name (default: user@host)')
      .action(async (rolloutId: string, _: unknown, self) => {
        const options = optionsOf<{ readonly reason?: string; readonly as?: string }>(self);
        await withClient(io, options, async ({ client }) => {
          const note = noteOf(options.as ?? client.identity, options.reason);
          const { text } = must(await client.rollouts.rollout(rolloutId).say(word, note));
          io.out(
            options.json
              ? JSON.stringify({ version: jsonVersion, rolloutId, said: word, answer: text })
              : `${rolloutId}: ${text}`,
          );
        });
      });
  }
};
