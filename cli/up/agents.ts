/** Agents for `up`: those with a file of their own, and one for each other target whose server runs on this machine. */
import { join } from 'node:path';
import { observe } from '../../config/agent.ts';
import { loadAgentConfig } from '../../config/load.ts';
import { ProblemsError } from '../../config/problems-error.ts';
import { parseConnection } from '../../config/connection.ts';
import type { AgentConfig, DatabaseConfig, KnowngoodConfig, TemporalConfig } from '../../domain/config.ts';
import { undeclared } from '../../domain/never-reopen.ts';

export interface AgentSurroundings {
  readonly folder: string;
  readonly store: DatabaseConfig;
  readonly temporal: TemporalConfig;
}

export async function localAgents(
  config: KnowngoodConfig,
  agentPath: string | undefined,
  { folder, store, temporal }: AgentSurroundings,
): Promise<AgentConfig[]> {
  const own = await ownFile(agentPath);
  const synthesised = Object.entries(config.targets)
    .filter(([name, { connection }]) => name !== own?.target && isLocal(connection))
    .map(([target, { connection, password }]): AgentConfig => {
      const stateDir = join(folder, 'agents', target);
      return {
        path: config.path,
        target,
        database: { connection, password },
        stateDir,
        keyFile: join(stateDir, 'key'),
        // Nobody has said how this server is restarted; changes that need it say so.
        restart: null,
        commands: {},
        allow: { settings: [], paths: [], sql: false },
        rehearsal: { enabled: true, timeoutMs: 60_000, folder: null },
        neverReopen: undeclared,
        standbys: [],
        observe: observe(),
        store,
        temporal,
        metrics: { listen: null, sdk: null },
      };
    });
  return own === null ? synthesised : [{ ...own, store: own.store ?? store, temporal }, ...synthesised];
}

/** What the agent reads are files: they are here only if the server is. */
export function isLocal(connection: string): boolean {
  const { host } = parseConnection(connection);
  return host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');
}

async function ownFile(path: string | undefined): Promise<AgentConfig | null> {
  try {
    return await loadAgentConfig(path);
  } catch (error) {
    const absent = error instanceof ProblemsError && error.problems.every(({ code }) => code === 'no-configuration');
    if (absent) return null;
    throw error;
  }
}
