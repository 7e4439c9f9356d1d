/** `knowngood drift revert`: back to the known-good snapshot, as a guarded change like any other. */
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { nameOption } from '../options.ts';
import { requestOptions } from '../request-options.ts';
import { type RestoreOptions, restore, restoreOptions, restoreRequest } from './snapshot-restore.ts';

export const addDriftRevert: AddCommand = (drift, { io, exit }) => {
  const command = drift
    .command('revert')
    .description('go back to the known-good snapshot: planned, guarded, watched, and itself reverted when it harms')
    .argument('<target>', 'the PostgreSQL server', nameOption);
  requestOptions(restoreOptions(command)).action(async (target: string, _: unknown, self) => {
    // Drift is what makes a server dirty and its dependents red: neither may keep it from being mended. Both are noted.
    const options = { allowDirty: true, allowRedBaseline: true, ...optionsOf<RestoreOptions>(self), target };
    const request = await restoreRequest(io, options, 'known-good', 'drift-revert');
    exit(await restore(io, options, { ...request, reason: options.reason ?? `drift: ${request.reason ?? ''}` }));
  });
};
