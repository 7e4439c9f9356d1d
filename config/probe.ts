/** From the text of probe.yaml to the programs that checks of this location may run, or to all of its problems. */
import type { Parsed } from '../domain/request.schema.ts';
import { parseYaml } from './parse.ts';
import { probeShape } from './probe.schema.ts';

export interface ProbeConfig {
  readonly path: string;
  /** By name: program and arguments. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

export function parseProbeConfig(text: string, path: string): Parsed<ProbeConfig> {
  const parsed = parseYaml(text, path, probeShape);
  if (parsed.kind === 'invalid') return parsed;
  const commands = Object.entries(parsed.value.commands ?? {}).map(([name, { run }]) => [name, run] as const);
  return { kind: 'ok', value: { path, commands: Object.fromEntries(commands) } };
}
