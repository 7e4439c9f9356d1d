/** Sets the upgrade of the engine up: an empty 17 beside the 16, the agent's command, and a restart that follows it. */
import { writeFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createCluster } from '../../worker/stack/cluster.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import type { ShopServer } from '../shop/database-server.ts';
import type { EngineUpgrade } from './engine-upgrade.ts';

export interface NewEngine {
  readonly dataDir: string;
  /** argv of the agent's command. */
  readonly upgrade: readonly string[];
  /** argv that restarts whichever of the two servers is the shop's. */
  readonly restart: readonly string[];
}

/** The package of a new version comes with a data directory, its own defaults in it, and no data. */
export async function prepareNewEngine(
  { cluster: old }: ShopServer,
  folder: string,
  later: (end: () => Promise<unknown>) => void,
): Promise<NewEngine> {
  const young = await createCluster({ major: 17, port: old.port, start: false, ownIdentity: true });
  later(() => young.remove());
  const script = async (name: string, argv: readonly string[]): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `exec ${argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}\n`, {
      mode: 0o700,
    });
    return path;
  };
  const restarting = ['-m', 'fast', '-w', '-t', '30', '-s'];
  const current = join(folder, 'restart-current');
  await symlink(await script('restart-16', old.pgCtl('restart', ...restarting)), current);
  const onCommandLine = `-p ${old.port} -k '${young.socketDir}'`;
  const start = (options: string): string[] => young.pgCtl('start', '-w', '-t', '30', '-s', '-o', options);
  const plan: EngineUpgrade = {
    from: {
      url: `postgresql://postgres@127.0.0.1:${old.port}/shop`,
      passwordFile: join(folder, 'secrets', 'postgres'),
      stop: old.pgCtl('stop', '-m', 'fast', '-w', '-s'),
    },
    to: {
      dataDir: young.dataDir,
      socketDir: young.socketDir,
      port: old.port,
      owner: young.systemUser,
      // Nobody but the upgrade itself reaches it while the data is copied.
      startAlone: start(`${onCommandLine} -c listen_addresses=''`),
      stop: young.pgCtl('stop', '-m', 'fast', '-w', '-s'),
      start: start(onCommandLine),
    },
    current: { link: current, to: await script('restart-17', young.pgCtl('restart', ...restarting)) },
  };
  const planFile = join(folder, 'engine-upgrade.json');
  await writeFile(planFile, JSON.stringify(plan), { mode: 0o600 });
  const main = join(packageRoot, 'dist', 'demo', 'upgrade', 'engine-main.js');
  return { dataDir: young.dataDir, upgrade: [process.execPath, main, planFile], restart: ['/bin/sh', current] };
}
