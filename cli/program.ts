/** The whole command line, as a value: run by `run.ts`, printed by `reference.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../worker/stack/package-root.ts';
import { addAccess } from './commands/access.ts';
import { addAgent } from './commands/agent.ts';
import { addApply } from './commands/apply.ts';
import { addChecks } from './commands/checks.ts';
import { addCi } from './commands/ci.ts';
import { addCodecServer } from './commands/codec-server.ts';
import { addDemo } from './commands/demo.ts';
import { addDrift } from './commands/drift.ts';
import { addDoctor } from './commands/doctor.ts';
import { addGuard } from './commands/guard.ts';
import { addKey } from './commands/key.ts';
import { addInit } from './commands/init.ts';
import { addNotify } from './commands/notify.ts';
import { addPlan } from './commands/plan.ts';
import { addReport } from './commands/report.ts';
import { addRescue } from './commands/rescue.ts';
import { addOperatorCommands } from './commands/say.ts';
import { addRollout } from './commands/rollout.ts';
import { addSnapshot } from './commands/snapshot.ts';
import { addStatus } from './commands/status.ts';
import { addStore } from './commands/store.ts';
import { addViews } from './commands/views.ts';
import { addUp } from './commands/up.ts';
import { addWorker } from './commands/worker.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitMeanings } from './exit-codes.ts';
import type { Io } from './io.ts';
import { globalOptions } from './options.ts';
import { verbatim } from './render/text.ts';

/** In the order in which people meet them. */
const commands = [
  addInit,
  addUp,
  addWorker,
  addAgent,
  addCodecServer,
  addGuard,
  addApply,
  addPlan,
  addRollout,
  addAccess,
  addStatus,
  addViews,
  addOperatorCommands,
  addRescue,
  addKey,
  addSnapshot,
  addDrift,
  addReport,
  addCi,
  addChecks,
  addNotify,
  addStore,
  addDoctor,
  addDemo,
];

export function createProgram(io: Io, exit: (code: ExitCode) => void): Command {
  const program = globalOptions(new Command('knowngood'))
    .description('PostgreSQL configuration changes that put themselves back when a dependent service suffers')
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(verbatim(text.trimEnd())),
    })
    .showHelpAfterError('(see --help)')
    .version(ownVersion())
    .exitOverride();
  for (const add of commands) add(program, { io, exit });
  program.addHelpText('after', `\nExit codes:\n${exitCodeLines().join('\n')}`);
  for (const command of everyCommand(program)) command.copyInheritedSettings(program);
  return program;
}

export function exitCodeLines(): string[] {
  return Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padStart(2)}  ${meaning}`);
}

export function everyCommand(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...everyCommand(command)]);
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { readonly version: string };
  return manifest.version;
}
