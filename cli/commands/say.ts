/** `approve`, `reject`, `abort`, `confirm`, `extend`, `abandon`, `acknowledge`: what an operator says about an open change. */
import type { OperatorWord } from '../../client/change-handle.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { findChange, nameHelp } from '../find-change.ts';
import { withClient } from '../context.ts';
import { durationText } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { must } from '../stop.ts';

const words: Readonly<Record<Exclude<OperatorWord, 'extend'>, string>> = {
  approve: 'let the change go ahead',
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
    noteOf: (who: string) => string,
  ) => {
    await withClient(io, options, async (context) => {
      const change = await findChange(context, name, { openOnly: word !== 'acknowledge' });
      const { text } = must(await change.say(word, noteOf(options.as ?? context.client.identity)));
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
  for (const [word, description] of Object.entries(words) as [Exclude<OperatorWord, 'extend'>, string][]) {
    add(word, description).action(async (name: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      // A name may not hold a colon: the first one ends it.
      await send(word, name, options, (who) => `${who.replaceAll(':', ' ')}: ${options.reason ?? ''}`.trim());
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
