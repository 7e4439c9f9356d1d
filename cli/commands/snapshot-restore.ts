/** `knowngood snapshot restore`: back to an earlier snapshot, as a guarded change like any other. */
import type { Command } from 'commander';
import { clientIdentity } from '../../client/identity.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { tellOpen } from '../await-end.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, configIfAny, withClient } from '../context.ts';
import { type ExitCode, exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { idHelp, snapshotOf } from '../find-snapshot.ts';
import { seeThrough } from '../guard/see-through.ts';
import { type GlobalOptions, nameOption, repeated } from '../options.ts';
import { renderPlan } from '../render/plan.ts';
import { jsonVersion } from '../render/result.ts';
import { type RequestOptions, overridesOf, requestOptions } from '../request-options.ts';
import { awaitWorker, startChange } from '../start-change.ts';
import { must, stop } from '../stop.ts';
import { useStore } from '../use-store.ts';

export interface RestoreOptions extends RequestOptions {
  readonly target?: string;
  readonly only?: readonly string[];
  readonly restart?: boolean;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
}

export const addRestore: AddCommand = (snapshot: Command, { io, exit }) => {
  const command = snapshot
    .command('restore')
    .description(
      'go back to an earlier snapshot: planned, guarded, watched, and itself reverted when dependents suffer',
    )
    .argument('<snapshot>', idHelp)
    .option('--target <target>', 'the PostgreSQL server (default: the one that has this snapshot)', nameOption);
  requestOptions(restoreOptions(command)).action(async (id: string, _: unknown, self) => {
    const options = optionsOf<RestoreOptions>(self);
    exit(await restore(io, options, await restoreRequest(io, options, id, 'restore')));
  });
};

export function restoreOptions(command: Command): Command {
  return command
    .option('--only <item>', 'restore this item alone, "*" for any text; may be repeated', repeated)
    .option('--dry-run', 'show what would be done, touching nothing')
    .option('--restart', 'the server may be restarted for it')
    .option('--detach', 'do not wait for the outcome');
}

export async function restore(
  io: Parameters<typeof useStore>[0],
  options: RestoreOptions & GlobalOptions,
  request: ChangeRequest,
): Promise<ExitCode> {
  return withClient(io, options, async (context) => {
    if (options.dryRun) {
      await show(context, request);
      return exitCodes.kept;
    }
    const { change } = await startChange(context, request);
    if (options.detach) return tellOpen(context, change, 'detached');
    return seeThrough(context, change, {
      ...options,
      ...(options.wait === undefined ? {} : { waitMs: options.wait }),
    });
  });
}

async function show({ io, options, client, ...rest }: Context, request: ChangeRequest): Promise<void> {
  await awaitWorker({ io, options, client, ...rest });
  const { plan } = must(await client.plan(request), (problems) => exitCodeOfProblems(problems, exitCodes.refused));
  const answer = { version: jsonVersion, target: request.target, plan };
  io.out(options.json ? JSON.stringify(answer, null, 2) : renderPlan(plan, io.colors));
}

export async function restoreRequest(
  io: Parameters<typeof useStore>[0],
  options: RestoreOptions & GlobalOptions,
  name: string,
  kind: 'restore' | 'drift-revert',
): Promise<ChangeRequest> {
  const { target, id } = await found(io, options, name);
  return {
    target,
    changeId: options.changeId ?? newChangeId(kind),
    reason: options.reason ?? `back to snapshot ${id.slice(0, 12)}`,
    requestedBy: clientIdentity(),
    change: {
      kind: 'config',
      restore: { snapshot: id, ...(options.only === undefined ? {} : { only: options.only }) },
      restart: options.restart ? 'allowed' : 'forbidden',
    },
    ...overridesOf(options),
  };
}

/** In the target that was named, else in the only one that has such a snapshot. */
async function found(
  io: Parameters<typeof useStore>[0],
  options: RestoreOptions & GlobalOptions,
  name: string,
): Promise<{ readonly target: string; readonly id: string }> {
  const targets =
    options.target === undefined ? Object.keys((await configIfAny(options))?.targets ?? {}) : [options.target];
  const hits = await useStore(io, options, async (store) => {
    const looked = await Promise.all(
      targets.map(async (target) => ({ target, id: (await snapshotOf(store, target, name))?.id })),
    );
    return looked.flatMap(({ target, id }) => (id === undefined ? [] : [{ target, id }]));
  });
  const [hit] = hits;
  if (hit !== undefined && hits.length === 1) return hit;
  if (hits.length > 1)
    throw stop({
      code: 'ambiguous-snapshot',
      message: `several targets have a snapshot "${name}"`,
      detail: `They are ${hits.map(({ target }) => target).join(', ')}.`,
      hint: 'Name one with --target TARGET.',
    });
  throw stop({
    code: 'unknown-snapshot',
    message: `there is no snapshot "${name}"${options.target === undefined ? '' : ` of target ${options.target}`}`,
    hint: targets.length === 0 ? 'Name the target with --target TARGET.' : 'See knowngood snapshot list TARGET.',
  });
}
