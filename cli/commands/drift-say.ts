/** `knowngood drift approve|reject|acknowledge`: what an operator says about an acceptance, or about drift itself. */
import type { Command } from 'commander';
import type { Words } from '../../client/change-handle.ts';
import type { AcceptanceHandle } from '../../client/drift.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, withClient } from '../context.ts';
import { nameOption } from '../options.ts';
import { renderAcceptance } from '../render/drift.ts';
import { jsonVersion } from '../render/result.ts';
import { type ApproveOptions, addApproveOptions, approvalWords, mustFit, noteOf } from '../signing/approval-words.ts';
import type { Approvable } from '../signing/sign-approval.ts';
import { must, stop } from '../stop.ts';

/** Of all but `approve`. */
interface WordOptions {
  readonly reason?: string;
  readonly as?: string;
}

export const addDriftWords: AddCommand = (drift: Command, { io }) => {
  const add = (word: 'approve' | 'reject', description: string) =>
    drift
      .command(word)
      .description(description)
      .argument('<acceptance>', 'its target, or <target>:<id>')
      .option('--reason <text>', 'why, for people; shown everywhere, so no secrets')
      .option('--as <name>', 'your name (default: user@host)');
  const send = async (
    word: 'approve' | 'reject',
    name: string,
    options: ReturnType<typeof optionsOf>,
    wordsOf: (context: Context, acceptance: AcceptanceHandle) => Promise<Words>,
  ) => {
    await withClient(io, options, async (context) => {
      const acceptance = await found(context, name);
      const { text } = must(await acceptance.say(word, await wordsOf(context, acceptance)));
      const { target, acceptId } = acceptance;
      const answer = { version: jsonVersion, target, acceptId, said: word, answer: text };
      io.out(options.json ? JSON.stringify(answer) : `${target}:${acceptId}: ${text}`);
    });
  };
  addApproveOptions(add('approve', 'let what is live on a target become known-good'), 'snapshot').action(
    async (name: string, _: unknown, self) => {
      const options = optionsOf<ApproveOptions>(self);
      mustFit(options);
      await send('approve', name, options, (context, acceptance) =>
        approvalWords(context, options, () => approvable(context, acceptance)),
      );
    },
  );
  add('reject', 'leave known-good what it is').action(async (name: string, _: unknown, self) => {
    const options = optionsOf<WordOptions>(self);
    await send('reject', name, options, async ({ client }) => noteOf(options.as ?? client.identity, options.reason));
  });
  drift
    .command('acknowledge')
    .description('take the drift that people are being called about: nobody else is called')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .option('--reason <text>', 'what you do about it, for people; shown everywhere, so no secrets')
    .option('--as <name>', 'your name (default: user@host)')
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<WordOptions>(self);
      await withClient(io, options, async ({ client }) => {
        const { text } = must(
          await client.drift.acknowledge(target, noteOf(options.as ?? client.identity, options.reason)),
        );
        const answer = { version: jsonVersion, target, said: 'acknowledge', answer: text };
        io.out(options.json ? JSON.stringify(answer) : `${target}: ${text}`);
      });
    });
};

/** Approvals of an acceptance are bound to its snapshot, as those of a change are to its plan. */
async function approvable({ io }: Context, acceptance: AcceptanceHandle): Promise<Approvable> {
  const { target, acceptId, workflowId } = acceptance;
  const { runId } = must(await acceptance.run());
  const { view } = must(await acceptance.view());
  return {
    target,
    changeId: acceptId,
    workflowId,
    runId,
    planHash: view.snapshotId,
    risk: view.risk,
    phase: view.phase,
    canBeApproved: view.phase === 'approve',
    shown: renderAcceptance(view, io.colors),
  };
}

async function found({ client }: Context, name: string): Promise<AcceptanceHandle> {
  const [, target, acceptId] = /^(?:knowngood-accept:)?([a-z0-9-]+)(?::([a-z0-9-]+))?$/.exec(name) ?? [];
  if (target === undefined)
    throw stop({ code: 'invalid-name', message: `"${name}" is no target and no <target>:<id>` });
  return acceptId === undefined
    ? must(await client.drift.openAcceptance(target)).acceptance
    : client.drift.acceptance(target, acceptId);
}
