/** How a command file adds itself to the program. */
import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';

export interface Surroundings {
  readonly io: Io;
  /** The exit code of the command; 0 when nothing is said. */
  exit(code: ExitCode): void;
}

export type AddCommand = (program: Command, surroundings: Surroundings) => void;

/** The command's own options with the global ones. */
export function optionsOf<T extends object>(command: Command): T & GlobalOptions {
  return command.optsWithGlobals();
}
