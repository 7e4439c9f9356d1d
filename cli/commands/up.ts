/** `knowngood up`: everything that is missing, on this machine, until Ctrl-C. */
import { loadKnowngoodConfig } from '../../config/load.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { jsonVersion } from '../render/result.ts';
import { columns } from '../render/text.ts';
import { untilSignal } from '../until-signal.ts';

export const addUp: AddCommand = (program, { io }) => {
  program
    .command('up')
    .description(
      'start what is missing (Temporal with its Web UI, a store, the worker, agents for local targets) until Ctrl-C',
    )
    .action(async (_: unknown, self) => {
      const options = optionsOf(self);
      const config = await loadKnowngoodConfig(options.config);
      const { up } = await import('../up/up.ts');
      const running = await up(config, {
        env: io.env,
        say: io.err,
        ...(options.agentConfig === undefined ? {} : { agentConfig: options.agentConfig }),
      });
      const { addresses, agents } = running;
      if (options.json) io.out(JSON.stringify({ version: jsonVersion, addresses, agents }));
      else
        io.out(
          [
            ...columns(Object.entries(addresses).map(([name, address]) => [name, address])),
            `agents    ${agents.join(', ') || 'none'}`,
            'Ctrl-C ends all of it',
          ].join('\n'),
        );
      await untilSignal(running, io);
    });
};
