/** `knowngood rollout status` and `knowngood rollout report`. */
import { writeFile } from 'node:fs/promises';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import { nameOption } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { renderRollout, renderRollouts } from '../render/rollout.ts';
import { verbatim } from '../render/text.ts';
import { must, stop } from '../stop.ts';
import { useStore } from '../use-store.ts';

export const addRolloutStatus: AddCommand = (command, { io }) => {
  command
    .command('status')
    .description('show open rollouts, or one rollout: waves, targets, what comes next')
    .argument('[rollout]', 'its id', nameOption)
    .option('--all', 'list closed rollouts too')
    .action(async (rolloutId: string | undefined, _: unknown, self) => {
      const options = optionsOf<{ readonly all?: boolean }>(self);
      await withClient(io, options, async ({ client, links }) => {
        if (rolloutId === undefined) {
          const rollouts = await client.rollouts.list({ open: options.all !== true });
          io.out(options.json ? JSON.stringify({ version: jsonVersion, rollouts }, null, 2) : renderRollouts(rollouts));
          return;
        }
        const rollout = client.rollouts.rollout(rolloutId);
        const { view } = must(await rollout.view());
        const where = links(rollout.workflowId);
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, ...where, ...view }, null, 2)
            : renderRollout(view, where, io.colors),
        );
      });
    });
};

export const addRolloutReport: AddCommand = (command, { io }) => {
  command
    .command('report')
    .description('show the report of a rollout that has ended, over all of its targets')
    .argument('<rollout>', 'its id', nameOption)
    .option('--html <file>', 'write the page into this file')
    .option('--md', 'print Markdown (the default)')
    .action(async (rolloutId: string, _: unknown, self) => {
      const options = optionsOf<{ readonly html?: string; readonly md?: boolean }>(self);
      const report = await useStore(io, options, (store) => store.rolloutReport(rolloutId));
      if (report === null)
        throw stop({
          code: 'no-report',
          message: `there is no report of rollout "${rolloutId}"`,
          hint: 'It is written at the end: see knowngood rollout status --all.',
        });
      if (options.html !== undefined) {
        await writeFile(options.html, report.html);
        io.err(`wrote ${options.html}`);
        if (!options.json && !options.md) return;
      }
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, rolloutId, report: report.json }, null, 2)
          : verbatim(report.markdown.trimEnd()),
      );
    });
};
