/** `knowngood status`: one change, or all open ones; without Temporal, what the journal on this host knows. */
import type { ChangeHandle } from '../../client/change-handle.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import type { Context } from '../context.ts';
import { findChange, nameHelp } from '../find-change.ts';
import { journalHere } from '../journal-here.ts';
import { renderChanges } from '../render/changes.ts';
import { renderJournal } from '../render/journal.ts';
import { renderProblems } from '../render/problem.ts';
import { jsonVersion, renderResult } from '../render/result.ts';
import { renderView } from '../render/view.ts';
import { Stop, must } from '../stop.ts';

interface Options {
  readonly all?: boolean;
}

export const addStatus: AddCommand = (program, { io }) => {
  program
    .command('status')
    .description('show open changes, or one change')
    .argument('[change]', nameHelp)
    .option('--all', 'list closed changes too')
    .action(async (name: string | undefined, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      try {
        await withClient(io, options, (context) =>
          name === undefined ? list(context, options.all === true) : one(context, name),
        );
      } catch (error) {
        if (!(error instanceof Stop) || !error.problems.some(({ code }) => code === 'temporal-unreachable'))
          throw error;
        const shown = await journalHere(options, name);
        if (shown === null) throw error;
        io.err(renderProblems(error.problems, io.colors));
        io.err(`from the journal of ${shown.target} on this host:`);
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, source: 'journal', ...shown }, null, 2)
            : renderJournal(shown, Date.now()),
        );
      }
    });
};

async function list({ client, io, options }: Context, all: boolean): Promise<void> {
  const changes = await client.list({ open: !all });
  io.out(options.json ? JSON.stringify({ version: jsonVersion, changes }, null, 2) : renderChanges(changes));
}

async function one(context: Context, name: string): Promise<void> {
  const { io, options } = context;
  const change = await openOrNewest(context, name);
  const { view } = must(await change.view());
  const links = context.links(change.workflowId);
  if (options.json) {
    io.out(JSON.stringify({ version: jsonVersion, source: 'temporal', ...links, ...view }, null, 2));
    return;
  }
  io.out(renderView(view, Date.now(), io.colors));
  if (view.phase === 'closed') {
    const { result } = must(await change.result());
    io.out(renderResult(result, links, io.colors));
  } else if (links.ui !== null) io.out(`  ${'workflow'.padEnd(12)}${links.ui}`);
}

/** A target that is at peace shows how its newest change has ended. */
async function openOrNewest(context: Context, name: string): Promise<ChangeHandle> {
  try {
    return await findChange(context, name, { openOnly: false });
  } catch (error) {
    if (!(error instanceof Stop) || !error.problems.some(({ code }) => code === 'no-open-change')) throw error;
    const [newest] = await context.client.list({ target: name, limit: 1 });
    if (newest === undefined) throw error;
    context.io.err(`target "${name}" has no open change; its newest one:`);
    return context.client.change(newest.target, newest.changeId);
  }
}
