/** `knowngood worker`: the orchestrator, or one probe location. */
import { join } from 'node:path';
import { loadKnowngoodConfig, loadProbeConfig } from '../../config/load.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { dataFolder, signingKeyFile } from '../embedded.ts';
import type { ListenAddress } from '../../domain/config.ts';
import { listenOption, nameOption } from '../options.ts';
import { serviceManager } from '../service-manager.ts';
import { untilSignal } from '../until-signal.ts';

interface Options {
  readonly probe?: string;
  readonly probeConfig?: string;
  readonly metrics?: ListenAddress;
}

export const addWorker: AddCommand = (program, { io }) => {
  program
    .command('worker')
    .description('run the orchestrator: workflows, its activities, and the default probe')
    .option('--probe <location>', 'only measure, from this location', nameOption)
    .option(
      '--probe-config <file>',
      'probe.yaml (default: ./probe.yaml, then /etc/knowngood/probe.yaml, else no commands)',
    )
    .option(
      '--metrics <host:port>',
      'where Prometheus reads its figures, in the place of "metrics.listen"',
      listenOption,
    )
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const manager = serviceManager(io);
      const config = await loadKnowngoodConfig(options.config);
      const probe = await loadProbeConfig(options.probeConfig);
      const { runWorker } = await import('../../worker/orchestrator.ts');
      const worker = await runWorker(config, {
        sampleFolder: join(dataFolder(io.env), 'samples'),
        commands: probe?.commands ?? {},
        signingKeyFile: signingKeyFile(io.env),
        ...(options.probe === undefined ? {} : { probeOnly: options.probe }),
        ...(options.metrics === undefined ? {} : { metricsListen: options.metrics }),
      });
      if (worker.metrics !== null) io.err(`figures for Prometheus: http://${worker.metrics}/metrics`);
      manager.ready();
      io.err(options.probe === undefined ? 'worker is running' : `probe "${options.probe}" is running`);
      await untilSignal(worker, io, manager);
    });
};
