/** `knowngood agent`: runs beside one PostgreSQL server, and is the only process that touches it. */
import { loadAgentConfig } from '../../config/load.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { serviceManager } from '../service-manager.ts';
import { untilSignal } from '../until-signal.ts';

export const addAgent: AddCommand = (program, { io }) => {
  program
    .command('agent')
    .description('run the agent beside one PostgreSQL server (here --config means agent.yaml too)')
    .action(async (_: unknown, self) => {
      const options = optionsOf(self);
      const manager = serviceManager(io);
      const config = await loadAgentConfig(options.agentConfig ?? options.config);
      const { runAgent } = await import('../../worker/agent.ts');
      const agent = await runAgent(config, { onServerMayStart: manager.ready });
      if (agent.metrics !== null) io.err(`figures for Prometheus: http://${agent.metrics}/metrics`);
      io.err(`agent for ${config.target} is running`);
      await untilSignal(agent, io, manager);
    });
};
