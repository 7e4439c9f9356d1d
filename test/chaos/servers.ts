/** The two kinds of servers that are victims too: PostgreSQL, which is started again by pg_ctl, and Temporal's dev server. */
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from '../../agent/host.ts';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { run } from '../../worker/stack/run.ts';
import { startTemporal, type TemporalStack } from '../../worker/stack/temporal-server.ts';
import { processesWith } from '../support/processes.ts';
import { signal, type Victim } from './supervised.ts';

const lookMs = 200;

/** The server's own crash recovery, and a start that fails while a change has broken its files, are part of the game. */
export function superviseServer(cluster: Cluster): Victim {
  let stopped = false;
  let notBefore = 0;
  const running = keepUp();

  async function keepUp(): Promise<void> {
    while (!stopped) {
      if (performance.now() >= notBefore && (await postmaster()) === null) await start();
      await sleep(lookMs);
    }
  }

  /** Not Cluster.start: that one cleans up after a failure, and the agent may be starting the server just now. */
  async function start(): Promise<void> {
    const onCommandLine = `-p ${cluster.port} -k '${cluster.socketDir}'`;
    const [command = '', ...args] = cluster.pgCtl('start', '-w', '-t', '10', '-o', onCommandLine);
    await run(command, args, { cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' } });
  }

  async function postmaster(): Promise<number | null> {
    const text = await readFile(`${cluster.dataDir}/postmaster.pid`, 'utf8').catch(() => '');
    const pid = Number(text.split('\n')[0]);
    const stat = pid > 0 ? processStat(pid) : null;
    return stat === null || stat.state === 'Z' ? null : pid;
  }

  async function whole(): Promise<readonly number[]> {
    const pid = await postmaster();
    if (pid === null) return [];
    const all = (await readdir('/proc')).map(Number).filter(Number.isInteger);
    return [
      pid,
      ...(await Promise.all(all.map(async (one) => ((await parentOf(one)) === pid ? one : 0)))).filter(Boolean),
    ];
  }

  return {
    async kill(downMs) {
      notBefore = performance.now() + downMs;
      const pid = await postmaster();
      if (pid !== null) signal(pid, 'SIGKILL');
    },
    async freeze() {
      for (const pid of await whole()) signal(pid, 'SIGSTOP');
    },
    async thaw() {
      for (const pid of await whole()) signal(pid, 'SIGCONT');
    },
    async ready() {
      while ((await postmaster()) === null && !stopped) await sleep(20);
    },
    async stop() {
      stopped = true;
      for (const pid of await whole()) signal(pid, 'SIGCONT');
      await running;
    },
  };
}

async function parentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

export interface TemporalVictim extends Victim {
  readonly address: string;
}

/** Its workflows lie in a file and survive it. */
export async function superviseTemporal(port: number, dbFile: string): Promise<TemporalVictim> {
  const start = (): Promise<TemporalStack> => startTemporal({ ui: false, port, dbFile });
  let stack: TemporalStack | null = await start();
  const { address } = stack;
  let restarting: Promise<void> | null = null;

  const server = async (): Promise<readonly number[]> => {
    const found = await processesWith(`start-dev --ip 127.0.0.1 --port ${port} `);
    const lines = await Promise.all(found.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'sh')));
    return found.filter((_, index) => lines[index]?.trim() !== 'sh');
  };

  async function again(downMs: number): Promise<void> {
    await stack?.stop();
    stack = null;
    await sleep(downMs);
    while (stack === null) stack = await start().catch(() => null);
  }

  return {
    address,
    async kill(downMs) {
      if (restarting !== null) return;
      for (const pid of await server()) signal(pid, 'SIGKILL');
      restarting = again(downMs).finally(() => (restarting = null));
    },
    async freeze() {
      for (const pid of await server()) signal(pid, 'SIGSTOP');
    },
    async thaw() {
      for (const pid of await server()) signal(pid, 'SIGCONT');
    },
    async ready() {
      await restarting;
    },
    async stop() {
      await restarting;
      for (const pid of await server()) signal(pid, 'SIGCONT');
      await stack?.stop();
    },
  };
}
