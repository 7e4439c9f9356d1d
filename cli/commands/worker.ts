/** `knowngood worker`: the orchestrator, or one probe location. */
import { join } from 'node:path';
import { loadKnowngoodConfig, loadProbeConfig } from '../../config/load.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { dataFolder, signingKeyFile } from '../embedded.ts';
import { nameOption } from '../options.ts';
import { serviceManager } from '../service-manager.ts';
import { untilSignal } from '../until-signal.ts';

export const addWorker: AddCommand = (program, { io }) => {
  program
    .command('worker')
    .description('run the orchestrator: workflows, its activities, and the default probe')
    .option('--probe <location>', 'only measure, from this location', nameOption)
    .option(
      '--probe-config <file>',
      'probe.yaml (default: ./probe.yaml, then /etc/knowngood/probe.yaml, else no commands)',
    )
    .action(async (_: unknown, self) => {
      const options = optionsOf<{ readonly probe?: string; readonly probeConfig?: string }>(self);
      const manager = serviceManager(io);
      const config = await loadKnowngoodConfig(options.config);
      const probe = await loadProbeConfig(options.probeConfig);
      const { runWorker } = await import('../../worker/orchestrator.ts');
      const worker = await runWorker(config, {
        sampleFolder: join(dataFolder(io.env), 'samples'),
        commands: probe?.commands ?? {},
        signingKeyFile: signingKeyFile(io.env),
        ...(options.probe === undefined ? {} : { probeOnly: options.probe }),
      });
      manager.ready();
      io.err(options.probe === undefined ? 'worker is running' : `probe "${options.probe}" is running`);
      await untilSignal(worker, io, manager);
    });
};
