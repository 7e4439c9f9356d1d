/** `knowngood rescue`: break glass, on the database host, with the journal alone. */
import { clientIdentity } from '../../client/identity.ts';
import { loadAgentConfig } from '../../config/load.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Rescue } from '../../worker/rescue.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderJournal } from '../render/journal.ts';
import { renderRescued } from '../render/rescued.ts';
import { type RevertShown, renderRevert } from '../render/revert.ts';
import { jsonVersion } from '../render/result.ts';
import { stop } from '../stop.ts';

interface Options {
  readonly show?: boolean;
  readonly revert?: boolean;
  readonly abandon?: boolean;
  readonly reopen?: boolean;
  readonly reason?: string;
}

export const addRescue: AddCommand = (program, { io, exit }) => {
  program
    .command('rescue')
    .description('on the database host, without Temporal, store or agent: look at, revert or abandon the open change')
    .argument('<target>', "the agent's target, as agent.yaml names it")
    .option('--show', 'show the open change, touching nothing')
    .option('--revert', 'put the configuration back as it was before the change')
    .option('--abandon', 'leave the configuration as it is: you take over')
    .option('--reopen', 'with --revert: open again, too, what neverReopen holds back')
    .option('--reason <text>', 'why, for the record')
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const wants = [options.show, options.revert, options.abandon].filter(Boolean).length;
      if (wants !== 1)
        throw stop({ code: 'usage', message: 'rescue needs exactly one of --show, --revert and --abandon' });
      if (options.reopen && !options.revert)
        throw stop({ code: 'usage', message: 'rescue --reopen is part of --revert' });
      const config = await loadAgentConfig(options.agentConfig);
      if (config.target !== target) {
        throw stop({
          code: 'wrong-target',
          message: `${config.path} is for target "${config.target}", not "${target}"`,
          hint: 'Name its file with --agent-config FILE.',
        });
      }
      const { rescue } = await import('../../worker/rescue.ts');
      const glass = rescue(config, (line) => io.err(line));
      if (options.show) {
        const shown = await glass.show();
        const [change, last] = shown.kind === 'open' ? [shown.change, null] : [null, shown.last];
        const journal = { target, change, last };
        const revert = await planOrWhyNot(glass);
        if (options.json) return io.out(JSON.stringify({ version: jsonVersion, ...journal, revert }, null, 2));
        const plan = revert === null ? [] : ['', renderRevert(revert, io.colors)];
        return io.out([renderJournal(journal, Date.now()), ...plan].join('\n'));
      }
      const rescued = options.revert
        ? await glass.revert({ reopen: options.reopen ?? false })
        : await glass.abandon({ who: clientIdentity(), why: options.reason ?? '' });
      const exitCode = rescued.kind === 'incomplete' ? exitCodes.incomplete : exitCodes.kept;
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, exitCode, ...rescued }, null, 2)
          : renderRescued(rescued, io.colors),
      );
      exit(exitCode);
    });
};

/** The journal is shown whatever keeps the plan from being made: a lost key, an unreadable folder. */
async function planOrWhyNot(glass: Rescue): Promise<RevertShown | null> {
  try {
    return await glass.plan();
  } catch (error) {
    const { message, problem } = error as Error & { readonly problem?: Problem };
    return { problem: problem ?? { code: 'no-plan', message } };
  }
}
