/** What a command may touch of its process: two streams, the environment, and what the terminal can do. */
import { createColors } from 'picocolors';

export interface Io {
  /** The answer. */
  out(text: string): void;
  /** The talk. */
  err(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  /** A person is at the keyboard and sees the talk. */
  readonly interactive: boolean;
  /** The talk may be redrawn in place. */
  readonly live: boolean;
  readonly colors: ReturnType<typeof createColors>;
}

export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process;
  const inCi = Boolean(env.CI) && env.CI !== 'false';
  const color = !env.NO_COLOR && stderr.isTTY === true && env.TERM !== 'dumb';
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    env,
    interactive: stdin.isTTY === true && stderr.isTTY === true && !inCi,
    live: stderr.isTTY === true && !inCi && env.TERM !== 'dumb',
    colors: createColors(color),
  };
}
