/** A process that is started again when it ends, as systemd would; the faults hurt it through this. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupMembers } from '../../agent/host.ts';
import { type Kept, keep } from '../../worker/stack/keeper.ts';

/** What can be killed and frozen. */
export interface Victim {
  /** SIGKILL; it is not started again for `downMs`. */
  kill(downMs: number): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Runs and is not held. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** systemd's RestartSec. */
const restartMs = 200;

/** 128 + SIGKILL. */
const killedCode = 137;

export interface Supervised extends Victim {
  /** Its last words, for each time that it ended although nobody had killed it. */
  ownEnds(): readonly string[];
}

export function supervise(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly logFile: string },
): Supervised {
  let kept: Kept | null = null;
  let stopped = false;
  let killed = false;
  let notBefore = 0;
  const ownEnds: string[] = [];
  const running = run();

  async function run(): Promise<void> {
    while (!stopped) {
      kept = await keep(command, args, { env: options.env, logFile: options.logFile, graceMs: 8_000, cwd: '/' });
      const code = await kept.exited;
      kept = null;
      // Whoever was killed did not end by itself, whoever killed it.
      if (!killed && !stopped && code !== killedCode) ownEnds.push(lastWords(options.logFile));
      killed = false;
      await sleep(restartMs);
      while (!stopped && performance.now() < notBefore) await sleep(20);
    }
  }

  /** The keeper itself is a shell, and stays: it is what sees the end. */
  const members = (): readonly number[] => (kept === null ? [] : groupMembers(kept.pid).filter((pid) => !isShell(pid)));

  return {
    async kill(downMs) {
      notBefore = performance.now() + downMs;
      killed = members().length > 0;
      for (const pid of members()) signal(pid, 'SIGKILL');
    },
    async freeze() {
      for (const pid of members()) signal(pid, 'SIGSTOP');
    },
    async thaw() {
      for (const pid of members()) signal(pid, 'SIGCONT');
    },
    async ready() {
      while (members().length === 0 && !stopped) await sleep(20);
    },
    async stop() {
      stopped = true;
      for (const pid of members()) signal(pid, 'SIGCONT');
      await kept?.stop();
      await running;
    },
    ownEnds: () => ownEnds,
  };
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sh';
  } catch {
    return true;
  }
}

function lastWords(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-4).join(' | ');
}
