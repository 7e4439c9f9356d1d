/** `knowngood drift`: does a target differ from its known-good snapshot? And `drift accept|approve|reject|revert|acknowledge`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { AcceptOutcome, AcceptResult } from '../../domain/drift/acceptance.ts';
import type { DriftFound } from '../../workflows/watch-drift.ts';
import type { AcceptanceHandle } from '../../client/drift.ts';
import { unknownTarget } from '../../config/admit.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { nameOption } from '../options.ts';
import { renderAccepted, renderAsked, renderDriftFound } from '../render/drift.ts';
import { renderProblems } from '../render/problem.ts';
import { jsonVersion } from '../render/result.ts';
import { awaitWorker } from '../start-change.ts';
import { must, stop } from '../stop.ts';
import { addDriftRevert } from './drift-revert.ts';
import { addDriftWords } from './drift-say.ts';

export const addDrift: AddCommand = (program, surroundings) => {
  const { io, exit } = surroundings;
  const drift = program
    .command('drift')
    .description('look now whether a target, or each of them, differs from its known-good snapshot; touches nothing')
    .usage('[options] [target]')
    .argument('[target]', 'the PostgreSQL server (default: all of knowngood.yaml)', nameOption)
    .option('--exit-code', 'exit with 16 when there is drift, and with 14 where an open change kept from looking')
    .action(async (target: string | undefined, _: unknown, self) => {
      const options = optionsOf<{ readonly exitCode?: boolean }>(self);
      await withClient(io, options, async (context) => {
        const targets = targetsOf(context, target);
        await awaitWorker(context);
        const looks: { readonly target: string; readonly found: DriftFound }[] = [];
        for (const one of targets) {
          const found = must(await context.client.drift.look(one));
          looks.push({ target: one, found });
          if (!options.json) io.out(renderDriftFound(one, found, io.colors));
        }
        if (options.json)
          io.out(
            JSON.stringify(
              { version: jsonVersion, targets: looks.map(({ found, ...one }) => ({ ...one, ...found })) },
              null,
              2,
            ),
          );
        exit(
          exitCodeOfLooks(
            looks.map(({ found }) => found),
            options.exitCode === true,
          ),
        );
      });
    });
  addAccept(drift, surroundings);
  addDriftWords(drift, surroundings);
  addDriftRevert(drift, surroundings);
};

function targetsOf({ config }: Context, target: string | undefined): readonly string[] {
  const known = Object.keys(config?.targets ?? {});
  if (target !== undefined) {
    if (config !== null && !known.includes(target)) throw stop(unknownTarget(target, known));
    return [target];
  }
  if (known.length > 0) return known;
  throw stop({
    code: 'no-target',
    message: 'no target is known',
    hint: 'Name one, or the configuration with --config FILE.',
  });
}

/** As `git diff`: drift is an answer, unless somebody asks to be told by the code. Not to have looked is an error. */
export function exitCodeOfLooks(looks: readonly DriftFound[], byCode: boolean): ExitCode {
  const problems = looks.flatMap((look) => (look.kind === 'not-looked' ? [look.problems] : []));
  const isBusy = (all: (typeof problems)[number]): boolean => all.some(({ code }) => code === 'target-busy');
  if (problems.some((all) => !isBusy(all))) return exitCodes.error;
  if (!byCode) return exitCodes.kept;
  if (looks.some(({ kind }) => kind === 'drifted')) return exitCodes.drift;
  return problems.length > 0 ? exitCodes.busy : exitCodes.kept;
}

interface AcceptOptions {
  readonly reason: string;
  readonly id?: string;
  readonly detach?: boolean;
}

const addAccept: AddCommand = (drift: Command, { io, exit }) => {
  drift
    .command('accept')
    .description('make the live configuration the known-good one, once it is healthy and approved; touches nothing')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .requiredOption('--reason <text>', 'why, for people; shown everywhere, so no secrets')
    .option('--id <id>', 'names the acceptance; a repeat with the same id attaches to it', nameOption)
    .option('--detach', 'do not wait for approvals and the outcome')
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<AcceptOptions>(self);
      const code = await withClient(io, options, async (context) => {
        targetsOf(context, target);
        await awaitWorker(context);
        const { client } = context;
        const request = {
          target,
          acceptId: options.id ?? newChangeId('accept'),
          reason: options.reason,
          requestedBy: client.identity,
        };
        const { acceptance } = must(await client.drift.accept(request));
        io.err(`asked for: ${target}:${acceptance.acceptId}`);
        const { ui } = context.links(acceptance.workflowId);
        if (ui !== null) io.err(ui);
        if (options.detach) return detached(context, acceptance);
        return tell(context, await seeThrough(context, acceptance));
      });
      exit(code);
    });
};

function detached({ io, options, links }: Context, { target, acceptId, workflowId }: AcceptanceHandle): ExitCode {
  if (options.json)
    io.out(JSON.stringify({ version: jsonVersion, target, acceptId, outcome: null, ...links(workflowId) }, null, 2));
  return exitCodes.open;
}

const lookEveryMs = 500;

/** Shows what is to be approved as soon as it waits for that. */
async function seeThrough({ io }: Context, acceptance: AcceptanceHandle): Promise<AcceptResult> {
  const ended = new AbortController();
  const showing = showWhenAsked(io, acceptance, ended.signal).catch(() => undefined);
  try {
    return must(await acceptance.result()).result;
  } finally {
    ended.abort();
    await showing;
  }
}

async function showWhenAsked(io: Context['io'], acceptance: AcceptanceHandle, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const answer = await acceptance.view();
    if (answer.kind === 'view' && answer.view.phase === 'approve') return io.err(renderAsked(answer.view, io.colors));
    await sleep(lookEveryMs, undefined, { signal: ended });
  }
}

const codes: Readonly<Record<AcceptOutcome, ExitCode>> = {
  accepted: exitCodes.kept,
  nothing: exitCodes.kept,
  refused: exitCodes.refused,
  busy: exitCodes.busy,
  rejected: exitCodes.untouched,
  expired: exitCodes.untouched,
  moved: exitCodes.untouched,
};

function tell({ io, options, links }: Context, result: AcceptResult): ExitCode {
  const isAway = result.problems.some(({ code }) => code === 'no-agent' || code === 'unknown-target');
  const code = isAway ? exitCodes.error : codes[result.outcome];
  const answer = {
    version: jsonVersion,
    exitCode: code,
    ...links(`knowngood-accept:${result.target}:${result.acceptId}`),
    ...result,
  };
  io.out(options.json ? JSON.stringify(answer, null, 2) : renderAccepted(result, io.colors));
  if (!options.json && result.problems.length > 0) io.err(renderProblems(result.problems, io.colors));
  return code;
}
