/** `knowngood access explain|simulate`: who gets in, by which rule, and who would not any more. Touches nothing. */
import { declaredAccess } from '../../config/admit.ts';
import { loadChangeFile } from '../../config/change-file.ts';
import { parseAddress } from '../../domain/access/address.ts';
import type { Asked } from '../../domain/access/impact.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, withClient } from '../context.ts';
import { exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { nameOption } from '../options.ts';
import { endIfRefused } from '../refused-plan.ts';
import { renderAnswers } from '../render/access.ts';
import { renderAccess } from '../render/plan.ts';
import { jsonVersion } from '../render/result.ts';
import { awaitWorker } from '../start-change.ts';
import { must, stop } from '../stop.ts';

interface ExplainOptions {
  readonly user?: string;
  readonly database?: string;
  readonly from?: string;
  readonly tls?: boolean;
  readonly replication?: boolean;
}

export const addExplain: AddCommand = (access, { io }) => {
  access
    .command('explain')
    .description('who gets in now, and by which rule; without --user all that are declared or were seen')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .option('--user <role>', 'one principal only')
    .option('--database <name>', 'its database (default: that of the same name as the role)')
    .option(
      '--from <address>',
      'an address, a network such as 10.2.0.0/16, or "local" for the socket (default: anywhere)',
    )
    .option('--tls', 'it connects with TLS')
    .option('--replication', 'it replicates, and asks for no database')
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<ExplainOptions>(self);
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const asked = options.user === undefined ? declaredIn(context, target) : [principalOf(options, options.user)];
        const { answers, more = 0 } = must(
          await context.client.explainAccess(target, asked, options.user === undefined),
          (problems) => exitCodeOfProblems(problems, exitCodes.refused),
        );
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, target, answers, more }, null, 2)
            : renderAnswers(answers, more, io.colors),
        );
      });
    });
};

export const addSimulate: AddCommand = (access, surroundings) => {
  const { io } = surroundings;
  access
    .command('simulate')
    .description('who would lose or gain access by a declared change; exits with 13 when it would be refused')
    .argument('<file>', 'change.yaml')
    .action(async (file: string, _: unknown, self) => {
      const options = optionsOf(self);
      const request = await loadChangeFile(file, { changeId: newChangeId('plan') });
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const { plan } = must(await context.client.plan(request), (problems) =>
          exitCodeOfProblems(problems, exitCodes.refused),
        );
        const { risk, reasons = [], access: impact = null } = plan;
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, target: request.target, risk, reasons, access: impact }, null, 2)
            : renderAccess(plan, io.colors),
        );
        endIfRefused(plan, surroundings);
      });
    });
};

function declaredIn({ config }: Context, target: string): readonly Asked[] {
  return declaredAccess((config?.dependents ?? []).filter(({ uses }) => uses === target));
}

function principalOf({ database, from, tls = false, replication = false }: ExplainOptions, user: string): Asked {
  const [host = ''] = (from ?? '').split('/');
  if (from !== undefined && from !== 'local' && parseAddress(host) === null)
    throw stop(
      {
        code: 'not-an-address',
        message: `"${from}" is not an address`,
        hint: 'Give one such as 10.2.0.7, a network such as 10.2.0.0/16, or "local" for the socket.',
      },
      exitCodes.error,
    );
  return { user, database: database ?? user, from: from ?? null, tls, replication, source: 'declared', who: [] };
}
