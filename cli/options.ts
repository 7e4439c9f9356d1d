/** Options that every command knows, and readers for the values that people type. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { listenAddress } from '../config/common.ts';
import type { ListenAddress } from '../domain/config.ts';
import { durationForm, parseDuration } from '../domain/duration.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly agentConfig?: string;
  readonly json?: boolean;
}

export function globalOptions(command: Command): Command {
  return command
    .option('--config <file>', 'knowngood.yaml (default: ./knowngood.yaml, then /etc/knowngood/knowngood.yaml)')
    .option('--agent-config <file>', 'agent.yaml (default: ./agent.yaml, then /etc/knowngood/agent.yaml)')
    .option('--json', 'print the answer as JSON, with "version": 1');
}

export function durationOption(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null) throw new InvalidArgumentError(durationForm);
  return durationMs;
}

/** Kept as text: the request carries durations as people write them. */
export function durationText(text: string): string {
  durationOption(text);
  return text;
}

export function listenOption(text: string): ListenAddress {
  const address = listenAddress(text);
  if (address === null) throw new InvalidArgumentError('Write host:port, such as "127.0.0.1:9464".');
  return address;
}

/** An option that may be given more than once. */
export function repeated(item: string, before: readonly string[] = []): readonly string[] {
  return [...before, item];
}

export function nameOption(text: string): string {
  if (!/^[a-z0-9-]{1,63}$/.test(text))
    throw new InvalidArgumentError('Names are made of lower-case letters, digits and hyphens.');
  return text;
}
