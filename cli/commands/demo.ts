/** `knowngood demo`: the outage of April 12 on real parts. */
import { Option } from 'commander';
import type { ScenarioName } from '../../demo/scenarios.ts';
import { scenarioNames, scenarios } from '../../demo/scenarios.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';

export const addDemo: AddCommand = (program, { io, exit }) => {
  program
    .command('demo')
    .description('live through the outage of April 12, guarded, on real parts of this machine')
    .addOption(
      new Option('--scenario <name>', scenarioNames.map((name) => `${name}: ${scenarios[name].title}`).join('; '))
        .choices(scenarioNames)
        .default('outage'),
    )
    .option('--stay', 'keep everything up afterwards, to look around')
    .action(async (_: unknown, self) => {
      const options = optionsOf<{ readonly scenario: ScenarioName; readonly stay?: boolean }>(self);
      const { runDemo } = await import('../../demo/run.ts');
      const { exitCode } = await runDemo({
        scenario: options.scenario,
        stay: options.stay === true,
        out: io.out,
        progress: io.err,
      });
      exit(exitCode);
    });
};
