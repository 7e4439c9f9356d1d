/** `knowngood guard`: wraps the upgrade command that a pipeline already has. */
import type { ChangeRequest } from '../../domain/change.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { newChangeId } from '../change-id.ts';
import { withTracedClient } from '../context.ts';
import { describeCommand, guardCommand } from '../guard/external.ts';
import { seeThrough } from '../guard/see-through.ts';
import { nameOption } from '../options.ts';
import { overridesOf, requestOptions } from '../request-options.ts';
import type { RequestOptions } from '../request-options.ts';
import { startChange } from '../start-change.ts';
import { stop } from '../stop.ts';

interface Options extends RequestOptions {
  readonly onHost?: string;
}

export const addGuard: AddCommand = (program, { io, exit }) => {
  const command = program
    .command('guard')
    .description('snapshot, run the command, watch the dependents, keep or revert')
    .argument('<target>', 'the PostgreSQL server that the command changes', nameOption)
    .argument('[command...]', 'the command, after "--"; its arguments are never sent anywhere')
    .option('--on-host <name>', "instead of a command here: the agent's own command of this name", nameOption);
  requestOptions(command).action(async (target: string, words: string[], _: unknown, self) => {
    const options = optionsOf<Options>(self);
    if ((words.length === 0) === (options.onHost === undefined)) {
      throw stop({
        code: 'usage',
        message: words.length === 0 ? 'no command to guard' : '--on-host takes no command',
        hint: `Write knowngood guard ${target} -- command…, or knowngood guard ${target} --on-host NAME.`,
      });
    }
    const request: ChangeRequest = {
      target,
      changeId: options.changeId ?? newChangeId('guard'),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      change:
        options.onHost === undefined
          ? { kind: 'external', description: describeCommand(words) }
          : { kind: 'command', name: options.onHost },
      ...overridesOf(options),
    };
    const code = await withTracedClient(io, options, { command: 'guard', about: request }, async (context) => {
      const { change, attached } = await startChange(context, request);
      if (options.onHost === undefined && !attached)
        return guardCommand(context, change, words, { ...options, ...waitOf(options) });
      if (attached && words.length > 0) io.err('the command is not run again: waiting for the outcome');
      return seeThrough(context, change, { ...options, ...waitOf(options), aside: words.length > 0 });
    });
    exit(code);
  });
};

function waitOf({ wait }: Options): { waitMs?: number } {
  return wait === undefined ? {} : { waitMs: wait };
}
