/** From the text of agent.yaml to a configuration with every default filled in, or to all of its problems. */
import { join } from 'node:path';
import type { AgentConfig, NamedCommand, ObserveConfig, PatroniConfig, RdsConfig } from '../domain/config.ts';
import type { OwnNeverReopen } from '../domain/never-reopen.ts';
import type { Parsed } from '../domain/request.schema.ts';
import { agentShape } from './agent.schema.ts';
import type { AgentInput } from './agent.schema.ts';
import { database, metrics, temporal, tlsFiles } from './common.ts';
import { parseYaml } from './parse.ts';
import { durationMs } from './policy.ts';

/** `env`: where KNOWNGOOD_KEY_FILE may stand. */
export function parseAgentConfig(
  text: string,
  path: string,
  env: NodeJS.ProcessEnv = process.env,
): Parsed<AgentConfig> {
  const parsed = parseYaml(text, path, agentShape);
  return parsed.kind === 'invalid' ? parsed : { kind: 'ok', value: resolve(parsed.value, path, env) };
}

type CommandInput = NonNullable<AgentInput['commands']>[string];

function namedCommand({ run, timeout, restarts, upgrades = false, undo, onRevert }: CommandInput): NamedCommand {
  const timeoutMs = durationMs(timeout ?? '30m');
  if (!upgrades) return { run, timeoutMs, restarts: restarts ?? false };
  const back = undo === undefined ? null : { run: undo.run, timeoutMs: durationMs(undo.timeout ?? '30m') };
  return { run, timeoutMs, restarts: true, upgrade: { onRevert: onRevert ?? 'configuration', undo: back } };
}

/** Cheap, and what `knowngood access` lives on: on unless somebody says no. */
export function observe(input?: AgentInput['observe']): ObserveConfig | null {
  if (input === false) return null;
  const { interval = '5s', serverLog = true } = input === true ? {} : (input ?? {});
  return { intervalMs: durationMs(interval), serverLog };
}

function neverReopen(input: AgentInput['neverReopen']): OwnNeverReopen {
  const { roles = [], from = [], passwordless = true, keys = [] } = input ?? {};
  // Who writes down the default alone has said nothing.
  return { roles, from, passwordless, declared: [...roles, ...from, ...keys].length > 0, keys };
}

function patroni({ endpoints, username, password, tls }: NonNullable<AgentInput['patroni']>): PatroniConfig {
  const origins = endpoints.map((at) => new URL(at).origin);
  return { endpoints: origins, username: username ?? null, password: password ?? null, tls: tlsFiles(tls) };
}

function rds({ instance, region, endpoint, sharedWith = [] }: NonNullable<AgentInput['rds']>): RdsConfig {
  return { instance, region, endpoint: endpoint === undefined ? null : new URL(endpoint).origin, sharedWith };
}

function resolve(input: AgentInput, path: string, env: NodeJS.ProcessEnv): AgentConfig {
  const stateDir = input.stateDir ?? join('/var/lib/knowngood', input.target);
  const commands = Object.entries(input.commands ?? {}).map(([name, command]) => [name, namedCommand(command)]);
  return {
    path,
    target: input.target,
    database: database(input),
    stateDir,
    keyFile: input.keyFile ?? (env.KNOWNGOOD_KEY_FILE || join(stateDir, 'key')),
    restart: input.restart ?? null,
    ...(input.patroni === undefined ? {} : { patroni: patroni(input.patroni) }),
    ...(input.rds === undefined ? {} : { rds: rds(input.rds) }),
    // Without a prototype, a request for the command `constructor` finds nothing.
    commands: Object.assign(Object.create(null), Object.fromEntries(commands)),
    allow: {
      settings: (input.allow?.settings ?? []).map((name) => name.toLowerCase()),
      paths: input.allow?.paths ?? [],
      sql: input.allow?.sql ?? false,
    },
    rehearsal: {
      enabled: input.rehearsal?.enabled ?? true,
      timeoutMs: durationMs(input.rehearsal?.timeout ?? '60s'),
      folder: input.rehearsal?.folder ?? null,
    },
    neverReopen: neverReopen(input.neverReopen),
    standbys: (input.standbys ?? []).map(database),
    observe: observe(input.observe),
    store: input.store === undefined ? null : database(input.store),
    temporal: temporal(input.temporal),
    metrics: metrics(input.metrics),
  };
}
