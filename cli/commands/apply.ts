/** `knowngood apply`: a declared change, made by the agent. */
import { loadChangeFile } from '../../config/change-file.ts';
import { clientIdentity } from '../../client/identity.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { tellOpen } from '../await-end.ts';
import { withTracedClient } from '../context.ts';
import { seeThrough } from '../guard/see-through.ts';
import { overridesOf, requestOptions } from '../request-options.ts';
import type { RequestOptions } from '../request-options.ts';
import { startChange } from '../start-change.ts';

interface Options extends RequestOptions {
  readonly detach?: boolean;
}

export const addApply: AddCommand = (program, { io, exit }) => {
  const command = program
    .command('apply')
    .description('make a declared change: snapshot, apply, watch, keep or revert')
    .argument('<file>', 'change.yaml')
    .option('--detach', 'do not wait for the outcome');
  requestOptions(command).action(async (file: string, _: unknown, self) => {
    const options = optionsOf<Options>(self);
    const request = withOptions(
      await loadChangeFile(file, { changeId: newChangeId('apply'), requestedBy: clientIdentity() }),
      options,
    );
    const code = await withTracedClient(io, options, { command: 'apply', about: request }, async (context) => {
      const { change } = await startChange(context, request);
      if (options.detach) return tellOpen(context, change, 'detached');
      return seeThrough(context, change, {
        ...options,
        ...(options.wait === undefined ? {} : { waitMs: options.wait }),
      });
    });
    exit(code);
  });
};

/** The command line is nearer than the file. */
function withOptions(request: ChangeRequest, options: Options): ChangeRequest {
  const overrides = { ...request.overrides, ...overridesOf(options).overrides };
  return {
    ...request,
    ...(options.changeId === undefined ? {} : { changeId: options.changeId }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
  };
}
