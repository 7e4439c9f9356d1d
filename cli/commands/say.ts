/** `approve`, `reject`, `abort`, `confirm`, `extend`, `abandon`, `acknowledge`: what an operator says about an open change. */
import type { ChangeHandle, OperatorWord, Words } from '../../client/change-handle.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { findChange, nameHelp } from '../find-change.ts';
import { withClient } from '../context.ts';
import type { Context } from '../context.ts';
import { durationText } from '../options.ts';
import { renderPlan } from '../render/plan.ts';
import { jsonVersion } from '../render/result.ts';
import { type ApproveOptions, addApproveOptions, approvalWords, mustFit, noteOf } from '../signing/approval-words.ts';
import type { Approvable } from '../signing/sign-approval.ts';
import { oneLine } from '../../domain/markdown.ts';
import { must } from '../stop.ts';

const words: Readonly<Record<Exclude<OperatorWord, 'extend' | 'approve'>, string>> = {
  reject: 'refuse the change before anything is touched; leave closed what its revert holds back',
  abort: 'stop the change; what was written is reverted',
  confirm: 'keep the change, where it waits for that',
  abandon: 'give up an incomplete revert: you take over, and that is recorded',
  acknowledge: 'take what people are being called about: nobody else is called',
};

interface Options {
  readonly reason?: string;
  readonly as?: string;
}

export const addOperatorCommands: AddCommand = (program, { io }) => {
  const add = (word: OperatorWord, description: string) =>
    program
      .command(word)
      .description(description)
      .argument('<change>', nameHelp)
      .option('--reason <text>', 'why, for people; shown everywhere, so no secrets')
      .option('--as <name>', 'your name (default: user@host)');
  const send = async (
    word: OperatorWord,
    name: string,
    options: Options & ReturnType<typeof optionsOf>,
    wordsOf: (who: string, context: Context, change: ChangeHandle) => Words | Promise<Words>,
  ) => {
    await withClient(io, options, async (context) => {
      const change = await findChange(context, name, { openOnly: word !== 'acknowledge' });
      const words = await wordsOf(options.as ?? context.client.identity, context, change);
      const { text } = must(await change.say(word, words));
      const answer = {
        version: jsonVersion,
        target: change.target,
        changeId: change.changeId,
        said: word,
        answer: text,
      };
      io.out(options.json ? JSON.stringify(answer) : `${change.target}:${change.changeId}: ${text}`);
    });
  };
  addApproveOptions(
    add('approve', 'let the change go ahead, or what its revert holds back be opened again'),
    'plan',
  ).action(async (name: string, _: unknown, self) => {
    const options = optionsOf<ApproveOptions>(self);
    mustFit(options);
    await send('approve', name, options, (_who, context, change) =>
      approvalWords(context, options, () => approvable(context, change)),
    );
  });
  for (const [word, description] of Object.entries(words) as [keyof typeof words, string][]) {
    add(word, description).action(async (name: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      await send(word, name, options, (who) => noteOf(who, options.reason));
    });
  }
  add('extend', 'move the deadline of the current phase')
    .requiredOption('--by <duration>', 'how much longer', durationText)
    .action(async (name: string, _: unknown, self) => {
      const options = optionsOf<Options & { readonly by: string }>(self);
      await send(
        'extend',
        name,
        options,
        (who) => `${options.by}: ${[options.reason, `(${who})`].filter(Boolean).join(' ')}`,
      );
    });
};

async function approvable({ io }: Context, change: ChangeHandle): Promise<Approvable> {
  const { target, changeId, workflowId } = change;
  const { runId } = must(await change.run());
  const { plan, held, phase, possible } = must(await change.view()).view;
  // What is asked about is the way back, no longer the plan.
  const asked = held === undefined ? plan : { hash: held.hash, risk: 'high' as const };
  const back =
    held === undefined ? null : ['to be opened again:', ...held.items.map((item) => `  ${oneLine(item)}`)].join('\n');
  return {
    target,
    changeId,
    workflowId,
    runId,
    planHash: asked?.hash ?? null,
    risk: asked?.risk ?? null,
    phase,
    canBeApproved: possible.includes('approve'),
    shown: back ?? (plan === null ? null : renderPlan(plan, io.colors)),
  };
}
