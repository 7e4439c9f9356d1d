/** `knowngood plan`: what would a declared change do? Touches nothing. */
import { loadChangeFile } from '../../config/change-file.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import { exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { planMarkdown } from '../render/plan-markdown.ts';
import { renderPlan } from '../render/plan.ts';
import { jsonVersion } from '../render/result.ts';
import { endIfRefused } from '../refused-plan.ts';
import { awaitWorker } from '../start-change.ts';
import { must } from '../stop.ts';

export const addPlan: AddCommand = (program, surroundings) => {
  const { io } = surroundings;
  program
    .command('plan')
    .description('show what a declared change would do, touching nothing')
    .argument('<file>', 'change.yaml')
    .option('--markdown', 'as Markdown, for a comment on a pull request')
    .action(async (file: string, _: unknown, self) => {
      const options = optionsOf<{ readonly markdown?: boolean }>(self);
      const request = await loadChangeFile(file, { changeId: newChangeId('plan') });
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const refusedCode = (problems: Parameters<typeof exitCodeOfProblems>[0]) =>
          exitCodeOfProblems(problems, exitCodes.refused);
        const { plan } = must(await context.client.plan(request), refusedCode);
        const exitCode = plan.risk === 'refused' ? exitCodes.refused : exitCodes.kept;
        if (options.json)
          io.out(JSON.stringify({ version: jsonVersion, exitCode, target: request.target, plan }, null, 2));
        else if (options.markdown === true) io.out(planMarkdown(request.target, plan));
        else io.out(renderPlan(plan, io.colors));
        endIfRefused(plan, surroundings);
      });
    });
};
