/** Runs the wrapped command in a process group of its own, so that Ctrl-C reaches us and not it. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface ChildEnd {
  /** As a shell would give it: 127 not found, 126 not executable, 128 + n killed by signal n. */
  readonly exitCode: number;
  /** What ended it, when it did not end by itself; '' otherwise. Holds no arguments. */
  readonly message: string;
}

export interface Child {
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM to the whole group, SIGKILL to what is left after a while; resolves when the command is gone. */
  stop(): Promise<ChildEnd>;
}

export interface ChildOptions {
  /** Its stdout goes to our stderr: our stdout is the JSON. */
  readonly stdoutToStderr: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** Long enough for a package manager to finish what it must not leave half done. */
const killAfterMs = 10_000;

export function startChild([file = '', ...args]: readonly string[], options: ChildOptions): Child {
  // A group of its own is no longer the terminal's foreground group: reading from the terminal would only fail.
  const stdin = process.stdin.isTTY ? 'ignore' : 'inherit';
  const child = spawn(file, args, {
    stdio: [stdin, options.stdoutToStderr ? 2 : 'inherit', 'inherit'],
    env: options.env,
    detached: true,
  });
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const exitCode = error.code === 'ENOENT' ? 127 : 126;
      resolve({ exitCode, message: `could not start the command: ${error.code ?? 'unknown error'}` });
    });
    child.once('exit', (code, signal) => {
      if (signal === null) resolve({ exitCode: code ?? 1, message: '' });
      else resolve({ exitCode: 128 + (constants.signals[signal] ?? 0), message: `the command was ended by ${signal}` });
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  return {
    ended,
    stop: async () => {
      kill('SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), killAfterMs);
      const end = await ended;
      clearTimeout(timer);
      // What the command left running in its group could write after the revert.
      kill('SIGKILL');
      return end;
    },
  };
}
