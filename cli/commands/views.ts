/** `knowngood views`: links into the Temporal Web UI for what people look for: waiting for approval, reverting, reverted this week. */
import { configIfAny, temporalSeen, type SeenTemporal } from '../context.ts';
import { listAddress, listViews, type ListView } from '../../domain/views.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { nameOption } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { columns } from '../render/text.ts';

interface Options {
  readonly target?: string;
}

export const addViews: AddCommand = (program, { io }) => {
  program
    .command('views')
    .description('print links into the Temporal Web UI: waiting for approval, in force, reverting, reverted this week')
    .option('--target <target>', 'of this PostgreSQL server only', nameOption)
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const seen = await temporalSeen(io, await configIfAny(options));
      const views = listViews(Date.now(), options.target ?? null).map((view) => ({
        ...view,
        link: linkOf(view, seen),
      }));
      if (options.json) io.out(JSON.stringify({ version: jsonVersion, views }, null, 2));
      else io.out(columns(views.map(({ title, link, query }) => [title, link ?? query])).join('\n'));
      if (seen.uiAddress === null)
        io.err('these are list filters; for links, name the Web UI in knowngood.yaml: ui: { address: https://… }');
    });
};

function linkOf(view: ListView, { uiAddress, namespace }: SeenTemporal): string | null {
  return uiAddress === null ? null : listAddress(uiAddress, namespace, view);
}
