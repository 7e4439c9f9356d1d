/** `knowngood access list|suggest`: who was seen to connect, and what that says about dependents. */
import type { Command } from 'commander';
import { parseConnection } from '../../config/connection.ts';
import { suggestedDependents } from '../../config/init/suggested.ts';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { type Known, suggestDependents } from '../../domain/access/suggest.ts';
import type { Store } from '../../worker/store-access.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { configIfAny } from '../context.ts';
import { snapshotOf } from '../find-snapshot.ts';
import { type GlobalOptions, durationOption, nameOption } from '../options.ts';
import { renderObserved } from '../render/access.ts';
import { jsonVersion } from '../render/result.ts';
import { verbatim } from '../render/text.ts';
import { useStore } from '../use-store.ts';
import { addExplain, addSimulate } from './access-simulate.ts';

interface Options {
  /** Milliseconds. */
  readonly since?: number;
}

export const addAccess: AddCommand = (program, surroundings) => {
  const access = program
    .command('access')
    .description(
      'who connects to a target, by which rule, and who could not any more: list, explain, simulate, suggest',
    );
  addList(access, surroundings);
  addExplain(access, surroundings);
  addSimulate(access, surroundings);
  addSuggest(access, surroundings);
};

const addList: AddCommand = (access, { io }) => {
  withSince(access.command('list'))
    .description('list who was seen to connect')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const principals = await useStore(io, options, (store) => seen(store, target, options));
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, principals: principals.map(asJson) }, null, 2)
          : renderObserved(principals),
      );
    });
};

const addSuggest: AddCommand = (access, { io }) => {
  withSince(access.command('suggest'))
    .description('print dependents for knowngood.yaml, from who was seen to connect')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const { principals, superusers } = await useStore(io, options, async (store) => ({
        principals: await seen(store, target, options),
        superusers: await superusersOf(store, target),
      }));
      const known = { ...(await configured(target, options)), superusers: superusers ?? new Set<string>() };
      const suggested = suggestDependents(principals, known);
      const superusersKnown = superusers !== null;
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, superusersKnown, ...suggested }, null, 2)
          : verbatim(suggestedDependents({ target, superusersKnown, ...suggested })),
      );
    });
};

function withSince(command: Command): Command {
  return command.option('--since <duration>', 'only whoever was seen in this time, for example 7d', durationOption);
}

async function seen(store: Store, target: string, { since }: Options): Promise<readonly ObservedPrincipal[]> {
  const principals = await store.observed(target);
  return since === undefined ? principals : principals.filter(({ lastSeen }) => lastSeen >= Date.now() - since);
}

/** null: no snapshot says. */
async function superusersOf(store: Store, target: string): Promise<ReadonlySet<string> | null> {
  const snapshot = await snapshotOf(store, target, 'latest');
  if (snapshot === null) return null;
  return new Set(snapshot.sections.roles.filter(({ superuser }) => superuser).map(({ name }) => name));
}

async function configured(target: string, options: GlobalOptions): Promise<Omit<Known, 'superusers'>> {
  const config = await configIfAny(options);
  const connection = config?.targets[target]?.connection;
  const user = connection === undefined ? null : parseConnection(connection).user;
  const declared = (config?.dependents ?? []).filter(({ uses }) => uses === target).flatMap(({ access }) => access);
  return { ownUsers: new Set(user === null ? [] : [user]), declared };
}

function asJson({ firstSeen, lastSeen, ...principal }: ObservedPrincipal): object {
  return { ...principal, firstSeen: new Date(firstSeen), lastSeen: new Date(lastSeen) };
}
