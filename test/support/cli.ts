/** The command line in this process: what it says on both streams, and its exit code. */
import { spawn } from 'node:child_process';
import { createColors } from 'picocolors';
import { runCli } from '../../cli/run.ts';
import type { Io } from '../../cli/io.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  json(): Record<string, unknown>;
}

export interface Running {
  readonly done: Promise<Run>;
  /** What was said so far. */
  out(): string;
  err(): string;
}

/** `args` without `knowngood`. Nobody is at the keyboard. */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    env: { PATH: process.env['PATH'], ...env },
    interactive: false,
    live: false,
    colors: createColors(false),
  };
  const said = (): Omit<Run, 'code'> => ({
    out: out.join('\n'),
    err: err.join('\n'),
    json: () => JSON.parse(out.join('\n')) as Record<string, unknown>,
  });
  return {
    done: runCli(args, io).then((code) => ({ code, ...said() })),
    out: () => out.join('\n'),
    err: () => err.join('\n'),
  };
}

export function command(...args: string[]): Promise<Run> {
  return startCommand(args).done;
}

/** A process of its own, from the build: for signals, which in this one would reach the embedded workers too. */
export function startProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Running & { signal(name: NodeJS.Signals): void } {
  const child = spawn(process.execPath, [`${packageRoot}/dist/cli/main.js`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += String(text)));
  child.stderr.on('data', (text: Buffer) => (said.err += String(text)));
  const done = new Promise<Run>((resolve) => {
    child.once('close', (code) => {
      resolve({ code: code ?? -1, ...said, json: () => JSON.parse(said.out) as Record<string, unknown> });
    });
  });
  return { done, out: () => said.out, err: () => said.err, signal: (name) => void child.kill(name) };
}
