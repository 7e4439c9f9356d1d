/** Options of the commands that start a change. */
import type { Command } from 'commander';
import type { ChangeRequest } from '../domain/change.ts';
import { durationOption, durationText, nameOption } from './options.ts';

export interface RequestOptions {
  readonly changeId?: string;
  readonly reason?: string;
  readonly soak?: string;
  readonly lease?: string;
  readonly applyTimeout?: string;
  readonly allowRedBaseline?: boolean;
  readonly allowDirty?: boolean;
  readonly requireConfirm?: boolean;
  readonly expectsReboot?: boolean;
  readonly allowAccessLoss?: boolean;
  readonly scoped?: boolean;
  /** Milliseconds. */
  readonly wait?: number;
  readonly summary?: string;
}

export function requestOptions(command: Command): Command {
  return command
    .option('--change-id <id>', 'names the change; a repeat with the same id attaches to it', nameOption)
    .option('--reason <text>', 'why, for people; shown everywhere, so no secrets')
    .option('--soak <duration>', 'watch the dependents this long before it is kept', durationText)
    .option('--lease <duration>', 'the agent reverts by itself when it hears nothing for this long', durationText)
    .option('--apply-timeout <duration>', 'the command must have ended within this time', durationText)
    .option('--allow-red-baseline', 'go on although a required check is red before the change')
    .option('--allow-dirty', 'go on from a server whose files differ from what runs')
    .option('--require-confirm', 'keep only after an operator confirms at the end of the soak')
    .option('--allow-access-loss', 'go on although somebody loses access; a person has to approve it')
    .option('--scoped', 'take back only what explains a failing check; all of it if that does not help')
    .option('--expects-reboot', 'the change reboots the host: the lease counts on over it, by the wall clock')
    .option(
      '--wait <duration>',
      'wait at most this long for the outcome (default: as long as it takes)',
      durationOption,
    )
    .option('--summary <file>', 'append a summary in Markdown (default: $GITHUB_STEP_SUMMARY)');
}

const overrideNames = [
  'soak',
  'lease',
  'applyTimeout',
  'allowRedBaseline',
  'allowDirty',
  'requireConfirm',
  'expectsReboot',
  'allowAccessLoss',
  'scoped',
] as const satisfies readonly (keyof NonNullable<ChangeRequest['overrides']>)[];

/** `{}` when nothing is overridden: a request says only what it means. */
export function overridesOf(options: RequestOptions): Pick<ChangeRequest, 'overrides'> {
  const overrides = Object.fromEntries(
    overrideNames.map((name) => [name, options[name]] as const).filter(([, value]) => value !== undefined),
  );
  return Object.keys(overrides).length === 0 ? {} : { overrides };
}
