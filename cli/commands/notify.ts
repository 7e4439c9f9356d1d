/** `knowngood notify test`: do the channels of a team work? */
import { oneLine } from '../../domain/markdown.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { nameOption } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { columns } from '../render/text.ts';
import { awaitWorker } from '../start-change.ts';
import { must } from '../stop.ts';

export const addNotify: AddCommand = (program, surroundings) => {
  const notify = program.command('notify').description('how teams are told about changes');
  addTest(notify, surroundings);
};

const addTest: AddCommand = (notify, { io, exit }) => {
  notify
    .command('test')
    .description('send a test through each channel of a team, from the worker, where the secrets are')
    .argument('<team>', 'a team of knowngood.yaml', nameOption)
    .action(async (team: string, _: unknown, self) => {
      const options = optionsOf(self);
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const { channels } = must(await context.client.testNotifications(team));
        const isWell = channels.length > 0 && channels.every(({ ok }) => ok);
        const exitCode = isWell ? exitCodes.kept : exitCodes.error;
        if (options.json) io.out(JSON.stringify({ version: jsonVersion, team, exitCode, channels }, null, 2));
        else io.out(channels.length === 0 ? `team ${team} has no channels` : tableOf(channels).join('\n'));
        exit(exitCode);
      });
    });
};

function tableOf(channels: readonly { readonly channel: string; readonly ok: boolean; readonly words: string }[]) {
  return columns([
    ['RESULT', 'CHANNEL', 'ANSWER'],
    ...channels.map(({ channel, ok, words }) => [ok ? 'delivered' : 'failed', channel, oneLine(words)]),
  ]);
}
