/** `knowngood access list|explain|simulate|suggest`: who connects, by which rule, and who could not any more. Touches nothing. */
import { dependentLines } from '../../config/init/knowngood-file.ts';
import { declaredAccess } from '../../config/admit.ts';
import { loadChangeFile } from '../../config/change-file.ts';
import { parseAddress } from '../../domain/access/address.ts';
import { suggestionsOf } from '../../domain/access/suggest.ts';
import type { Asked } from '../../domain/access/impact.ts';
import { newChangeId } from '../change-id.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Context, configIfAny, withClient } from '../context.ts';
import { exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { durationOption, nameOption } from '../options.ts';
import { endIfRefused } from '../refused-plan.ts';
import { renderAnswers, renderObserved } from '../render/access.ts';
import { renderAccess } from '../render/plan.ts';
import { jsonVersion } from '../render/result.ts';
import { awaitWorker } from '../start-change.ts';
import { must, stop } from '../stop.ts';
import { useStore } from '../use-store.ts';

export const addAccess: AddCommand = (program, surroundings) => {
  const access = program
    .command('access')
    .description('who gets in, by which rule, and who would not any more: list, explain, simulate, suggest');
  addList(access, surroundings);
  addExplain(access, surroundings);
  addSuggest(access, surroundings);
  addSimulate(access, surroundings);
};

const addList: AddCommand = (access, { io }) => {
  access
    .command('list')
    .description('who was seen connecting, from where, when and how often')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .option('--since <duration>', 'only those seen within this time', durationOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<{ readonly since?: number }>(self);
      const observed = await useStore(io, options, (store) => store.observed(target));
      const from = options.since === undefined ? 0 : Date.now() - options.since;
      const recent = observed.filter(({ lastSeen }) => lastSeen >= from);
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, observed: recent }, null, 2)
          : renderObserved(recent),
      );
    });
};

const addSuggest: AddCommand = (access, { io }) => {
  access
    .command('suggest')
    .description('dependents for knowngood.yaml out of who was seen, with checks to be filled in')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf(self);
      const config = await configIfAny(options);
      const observed = await useStore(io, options, (store) => store.observed(target));
      const declared = declaredAccess((config?.dependents ?? []).filter(({ uses }) => uses === target));
      const { services, leftOut } = suggestionsOf(observed, declared);
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, services, leftOut }, null, 2)
          : [...dependentLines(target, services), ...leftOut.map((line) => `# ${line}`)].join('\n'),
      );
    });
};

interface ExplainOptions {
  readonly user?: string;
  readonly database?: string;
  readonly from?: string;
  readonly tls?: boolean;
  readonly replication?: boolean;
}

const addExplain: AddCommand = (access, { io }) => {
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
        const { answers } = must(
          await context.client.explainAccess(target, asked, options.user === undefined),
          (problems) => exitCodeOfProblems(problems, exitCodes.refused),
        );
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, target, answers }, null, 2)
            : renderAnswers(answers, io.colors),
        );
      });
    });
};

const addSimulate: AddCommand = (access, surroundings) => {
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
