/** `knowngood store prune`: what a worker does by itself once an hour, now, or only how much that would be. */
import { cutoffsOf } from '../../domain/keep.ts';
import { keep } from '../../config/common.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { configIfAny } from '../context.ts';
import { jsonVersion } from '../render/result.ts';
import { useStore } from '../use-store.ts';

interface Options {
  readonly dryRun?: boolean;
}

export const addStore: AddCommand = (program, { io }) => {
  const store = program.command('store').description('what Knowngood remembers outside Temporal');
  store
    .command('prune')
    .description('remove snapshots and measurements that nobody needs and that are older than "store.keep" says')
    .option('--dry-run', 'only say how many there are')
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const config = await configIfAny(options);
      const cutoffs = cutoffsOf(config?.keep ?? keep(undefined), Date.now());
      const removed = await useStore(io, options, async (it) => {
        if (options.dryRun === true) return it.prunable(cutoffs);
        let [snapshots, samples] = [0, 0];
        for (;;) {
          const round = await it.prune(cutoffs);
          if (round.snapshots + round.samples === 0) return { snapshots, samples };
          snapshots += round.snapshots;
          samples += round.samples;
          if (!options.json) io.err(`${snapshots} snapshots and ${samples} measurements so far`);
        }
      });
      const dryRun = options.dryRun === true;
      if (options.json) io.out(JSON.stringify({ version: jsonVersion, dryRun, ...removed }));
      else
        io.out(
          `${dryRun ? 'would remove' : 'removed'} ${removed.snapshots} snapshots and ${removed.samples} measurements`,
        );
    });
};
