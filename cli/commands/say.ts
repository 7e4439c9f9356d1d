/** `approve`, `reject`, `abort`, `confirm`, `extend`, `abandon`, `acknowledge`: what an operator says about an open change. */
import type { ChangeHandle, OperatorWord, Words } from '../../client/change-handle.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { findChange, nameHelp } from '../find-change.ts';
import { withClient } from '../context.ts';
import type { Context } from '../context.ts';
import { durationText } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { mustBePlan, signApproval } from '../signing/sign-approval.ts';
import { must, stop } from '../stop.ts';

const words: Readonly<Record<Exclude<OperatorWord, 'extend' | 'approve'>, string>> = {
  reject: 'refuse the change before anything is touched',
  abort: 'stop the change; what was written is reverted',
  confirm: 'keep the change, where it waits for that',
  abandon: 'give up an incomplete revert: you take over, and that is recorded',
  acknowledge: 'take what people are being called about: nobody else is called',
};

interface Options {
  readonly reason?: string;
  readonly as?: string;
}

interface ApproveOptions extends Options {
  readonly sign?: boolean;
  readonly key?: string;
  readonly planHash?: string;
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
  add('approve', 'let the change go ahead')
    .option('--sign', 'sign it with an Ed25519 SSH key, for a policy that takes no claims')
    .option(
      '--key <file>',
      'private key, or the .pub of a key in the SSH agent (default: the agent, then ~/.ssh/id_ed25519)',
    )
    .option('--plan-hash <hash>', 'only if this is still the plan')
    .action(async (name: string, _: unknown, self) => {
      const options = optionsOf<ApproveOptions>(self);
      if (options.key !== undefined && options.sign !== true)
        throw stop({ code: 'usage', message: '--key goes with --sign' });
      await send('approve', name, options, async (who, context, change) => {
        if (options.sign !== true && options.planHash === undefined) return noteOf(who, options.reason);
        if (options.sign !== true) {
          const planHash = mustBePlan(must(await change.view()).view, options.planHash) ?? '';
          return { who, why: options.reason ?? '', planHash };
        }
        const { statement, signature } = await signApproval(context, change, options);
        return { statement, signature };
      });
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

/** A name may not hold a colon: the first one ends it. */
function noteOf(who: string, reason = ''): string {
  return `${who.replaceAll(':', ' ')}: ${reason}`.trim();
}
