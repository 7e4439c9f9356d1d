/** Programs of the server, run as its user, within the time that is left. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  /** null: this process is that user. */
  readonly user: ServerUser | null;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** A descriptor for both outputs; absent: they are kept. */
  readonly log?: number;
}

export interface Ran {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const keptBytes = 64_000;

/** In a session of its own: Ctrl-C on the agent's terminal is not for it. */
export function start(file: string, args: readonly string[], { user, cwd, env, log }: RunOptions): ChildProcess {
  const output = log ?? 'pipe';
  return spawn(file, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', output, output],
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  });
}

/** Throws only when it cannot be started, or the time is over: then it is killed. */
export function run(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  options.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = start(file, args, options);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.on(
        'data',
        (chunk: Buffer) => (output[name] = `${output[name]}${chunk.toString('utf8')}`.slice(-keptBytes)),
      );
    const kill = (): void => void child.kill('SIGKILL');
    options.signal.addEventListener('abort', kill, { once: true });
    child.once('error', (error) => {
      options.signal.removeEventListener('abort', kill);
      reject(error);
    });
    child.once('close', (code) => {
      options.signal.removeEventListener('abort', kill);
      if (options.signal.aborted) reject(options.signal.reason as Error);
      else resolve({ code, ...output });
    });
  });
}

/** Nothing of the agent's own PG* variables and language; of the live server's what its libraries may need. */
export function environmentOf(live: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const taken = ['LD_LIBRARY_PATH', 'OPENSSL_CONF', 'TZ'].flatMap((name) =>
    live[name] === undefined ? [] : [[name, live[name]] as const],
  );
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...Object.fromEntries(taken) };
}
