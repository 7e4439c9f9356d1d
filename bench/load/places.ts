/** The configuration of a large house: one knowngood.yaml, and an agent.yaml for each target, all in one folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { createService, service } from './service.ts';

export interface Place {
  readonly target: string;
  readonly folder: string;
  readonly agentYaml: string;
  /** null: its agent keeps a journal, and has no server. */
  readonly cluster: Cluster | null;
}

export interface House {
  readonly folder: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly store: Cluster;
  /** Answers for the dependents of the simulated targets: `<address>/<target>`. */
  readonly switchboard: string;
  /** Beside the usual ones. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** What the service of a real server asks it. */
  readonly query?: (at: number) => string;
  /** Further sections of knowngood.yaml. */
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly labels?: (at: number) => Readonly<Record<string, string>>;
}

/** In a row, that decide. */
export const failures = 3;
const checks = { interval: '1s', timeout: '2s', failures, successes: 1 };

export const nameOf = (at: number): string => `t${String(at).padStart(3, '0')}`;

export async function furnish(
  house: House,
  clusters: readonly Cluster[],
  count: number,
): Promise<{
  readonly knowngoodYaml: string;
  readonly places: readonly Place[];
}> {
  const { folder, temporal, switchboard } = house;
  const store = await databaseOf(house.store, join(folder, 'store-password'));
  const places: Place[] = [];
  const databases: Record<string, object> = {};
  const dependents: Record<string, unknown> = {};
  for (let at = 0; at < count; at += 1) {
    const target = nameOf(at);
    const home = join(folder, target);
    await mkdir(home, { mode: 0o700 });
    const cluster = clusters[at] ?? null;
    const database = await databaseOf(cluster ?? house.store, join(home, 'password'));
    const labels = house.labels?.(at);
    databases[target] = { ...database, ...(labels === undefined ? {} : { labels }) };
    const check = cluster
      ? { sql: { ...(await loginOf(cluster, home)), query: house.query?.(at) } }
      : { http: { url: `${switchboard}/${target}` } };
    dependents[`service-of-${target}`] = { uses: target, checks: { up: { ...check, level: 'required' } } };
    const agentYaml = join(home, 'agent.yaml');
    const restart = cluster?.pgCtl('restart', '-m', 'fast', '-w');
    const [stateDir, keyFile] = [join(home, 'state'), join(home, 'key')];
    // Measured is the guarding; a scratch server for each change would be most of it.
    const rehearsal = { enabled: false };
    await writeJson(agentYaml, { target, ...database, stateDir, keyFile, restart, store, temporal, rehearsal });
    places.push({ target, folder: home, agentYaml, cluster });
  }
  const knowngoodYaml = join(folder, 'knowngood.yaml');
  await writeJson(knowngoodYaml, {
    defaults: { lease: '60s', checks, drift: false, ...house.defaults },
    targets: databases,
    ...house.sections,
    dependents,
    store,
    temporal,
  });
  return { knowngoodYaml, places };
}

async function databaseOf(cluster: Cluster, passwordFile: string): Promise<{ connection: string; password: string }> {
  await writeFile(passwordFile, cluster.password, { mode: 0o600 });
  const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres?sslmode=disable`;
  return { connection, password: `\${file:${passwordFile}}` };
}

async function loginOf(cluster: Cluster, home: string): Promise<{ as: string; password: string }> {
  const passwordFile = join(home, 'service-password');
  await writeFile(passwordFile, await createService(cluster), { mode: 0o600 });
  return { as: service, password: `\${file:${passwordFile}}` };
}

/** JSON is YAML. */
async function writeJson(path: string, content: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(content, null, 1));
}
