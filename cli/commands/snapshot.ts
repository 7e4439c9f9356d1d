/** `knowngood snapshot take|list|show|diff|restore`. */
import type { Command } from 'commander';
import { diffSnapshots } from '../../domain/snapshot/diff.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Store } from '../../worker/store-access.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import { exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { idHelp, snapshotOf } from '../find-snapshot.ts';
import { nameOption } from '../options.ts';
import { renderSnapshots } from '../render/changes.ts';
import { renderProblems } from '../render/problem.ts';
import { jsonVersion } from '../render/result.ts';
import { renderDiff, renderSnapshot } from '../render/snapshot.ts';
import { awaitWorker } from '../start-change.ts';
import { must, stop } from '../stop.ts';
import { addRestore } from './snapshot-restore.ts';
import { useStore } from '../use-store.ts';

export const addSnapshot: AddCommand = (program, surroundings) => {
  const snapshot = program
    .command('snapshot')
    .description("a target's whole configuration at one moment: take, list, show, diff, restore");
  addTake(snapshot, surroundings);
  addReaders(snapshot, surroundings);
  addRestore(snapshot, surroundings);
};

const addTake: AddCommand = (snapshot: Command, { io }) => {
  snapshot
    .command('take')
    .description('take one now; it is stored, and does not become known-good')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf(self);
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const taken = must(await context.client.takeSnapshot(target), (problems) =>
          exitCodeOfProblems(problems, exitCodes.refused),
        );
        if (taken.kind === 'busy') {
          const { changeId, phase } = taken.holder;
          throw stop(
            {
              code: 'target-busy',
              message: `target ${target} has an open change`,
              detail: `${changeId} is in phase ${phase}.`,
              hint: `See knowngood status ${target}.`,
            },
            exitCodes.busy,
          );
        }
        if (taken.kind === 'closed') throw stop({ code: 'closed', message: 'the agent answered for a closed change' });
        if (options.json)
          io.out(
            JSON.stringify(
              { version: jsonVersion, target, snapshotId: taken.snapshotId, server: taken.version, dirty: taken.dirty },
              null,
              2,
            ),
          );
        else {
          io.out(taken.snapshotId);
          if (taken.dirty.length > 0)
            io.err(`this server is not known-good:\n${renderProblems(taken.dirty, io.colors)}`);
        }
      });
    });
};

const addReaders: AddCommand = (snapshot: Command, { io }) => {
  const answer = (options: { readonly json?: boolean }, json: object, text: string): void =>
    io.out(options.json ? JSON.stringify({ version: jsonVersion, ...json }, null, 2) : text);
  snapshot
    .command('list')
    .description('list the snapshots of a target, newest first')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf(self);
      const snapshots = await useStore(io, options, (store) => store.snapshots(target, 100));
      answer(options, { target, snapshots }, renderSnapshots(snapshots));
    });
  snapshot
    .command('show')
    .description('show one snapshot')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .argument('[snapshot]', idHelp, 'latest')
    .action(async (target: string, id: string, _: unknown, self) => {
      const options = optionsOf(self);
      const shown = await useStore(io, options, (store) => find(store, target, id));
      answer(options, { target, snapshot: shown }, renderSnapshot(shown));
    });
  snapshot
    .command('diff')
    .description('show what differs between two snapshots')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .argument('[from]', idHelp, 'known-good')
    .argument('[to]', idHelp, 'latest')
    .action(async (target: string, from: string, to: string, _: unknown, self) => {
      const options = optionsOf(self);
      const items = await useStore(io, options, async (store) =>
        diffSnapshots(await find(store, target, from), await find(store, target, to)),
      );
      answer(options, { target, items }, renderDiff(items));
    });
};

async function find(store: Store, target: string, name: string): Promise<Snapshot> {
  const found = await snapshotOf(store, target, name);
  if (found !== null) return found;
  throw stop({
    code: 'unknown-snapshot',
    message: `target ${target} has no snapshot "${name}"`,
    hint: `See knowngood snapshot list ${target}.`,
  });
}
