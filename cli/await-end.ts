/** Waits for the end of a change and tells it: text or JSON, job summary, exit code. */
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeHandle } from '../client/change-handle.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { jsonVersion, renderResult, resultJson, resultMarkdown } from './render/result.ts';
import { must } from './stop.ts';

export interface TellOptions {
  readonly summary?: string;
  /** The answer goes to stderr: stdout belongs to the wrapped command. */
  readonly aside?: boolean;
}

/** null: `waitMs` ran out first. */
export async function resultWithin(change: ChangeHandle, waitMs: number | undefined): Promise<ChangeResult | null> {
  if (waitMs === undefined) return must(await change.result()).result;
  const timer = new AbortController();
  const timeout = sleep(waitMs, null, { signal: timer.signal }).catch(() => null);
  try {
    const answer = await Promise.race([change.result(), timeout]);
    return answer === null ? null : must(answer).result;
  } finally {
    timer.abort();
  }
}

export async function tellResult(
  context: Context,
  change: ChangeHandle,
  result: ChangeResult,
  options: TellOptions,
): Promise<ExitCode> {
  const { io } = context;
  const links = context.links(change.workflowId);
  if (context.options.json) io.out(JSON.stringify(resultJson(result, links), null, 2));
  else if (options.aside) io.err(renderResult(result, links, io.colors));
  else io.out(renderResult(result, links, io.colors));
  await writeSummary(context, resultMarkdown(result, links), options.summary);
  return exitCodeOf(result);
}

/** The outcome is open: says so, and what to do. A revert that could not be completed so far is told apart. */
export async function tellOpen(context: Context, change: ChangeHandle, why: string): Promise<ExitCode> {
  const answer = await change.view().catch(() => null);
  const view = answer?.kind === 'view' ? answer.view : null;
  if (view === null) context.leave();
  const exitCode = view?.phase === 'revert-incomplete' ? exitCodes.incomplete : exitCodes.open;
  const { target, changeId, workflowId } = change;
  const links = context.links(workflowId);
  if (context.options.json) {
    const state = { target, changeId, phase: view?.phase ?? null, remaining: view?.remaining ?? [] };
    context.io.out(JSON.stringify({ version: jsonVersion, exitCode, outcome: null, why, ...links, ...state }, null, 2));
  }
  context.io.err(`${why}; the change goes on in phase ${view?.phase ?? 'unknown'}`);
  context.io.err(`see it with: knowngood status ${target}:${changeId}`);
  if (links.ui !== null) context.io.err(links.ui);
  return exitCode;
}

async function writeSummary({ io }: Context, markdown: string, named: string | undefined): Promise<void> {
  const path = named ?? io.env.GITHUB_STEP_SUMMARY;
  if (!path) return;
  // The outcome stands; a summary that cannot be written must not turn it into an error.
  await appendFile(path, `${markdown}\n`).catch((error: Error) =>
    io.err(`could not write the job summary: ${error.message}`),
  );
}
