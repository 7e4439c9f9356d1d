/** Runs the restart command of the agent's own configuration: an argument vector, never a shell. */
import { spawn } from 'node:child_process';
import type { Problem } from '../../domain/problem.ts';

/** argv; or, of a server that this process runs itself, what restarts it. */
export type Restart = readonly string[] | (() => Promise<Problem | null>);

/** A shutdown checkpoint and a recovery may take long; killing the command halfway would leave the server down. */
const restartTimeoutMs = 10 * 60_000;
const shownBytes = 4_000;

/**
 * null: done. Not execa, which waits for the outputs to be closed: a server that the command started may hold them open
 * for as long as it runs. The group of its own keeps Ctrl-C on the agent's terminal from ending the restart halfway.
 */
export function runRestart(command: Restart): Promise<Problem | null> {
  if (typeof command === 'function') return command();
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const failed = (detail: string): void =>
      resolve({
        code: 'restart-failed',
        message: `the restart command "${program}" failed`,
        detail: [detail, output.trim()].filter(Boolean).join(': '),
        hint: "Read the server's log; the command is in the agent's agent.yaml.",
      });
    const timer = setTimeout(() => {
      failed(`it did not end within ${restartTimeoutMs / 60_000} minutes`);
      child.unref();
    }, restartTimeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString('utf8')}`.slice(-shownBytes)));
    }
    child.once('error', (error) => {
      clearTimeout(timer);
      failed(error.message);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      // What it still had to say is in the pipes by now.
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        if (code === 0) resolve(null);
        else failed(code === null ? `ended by ${signal}` : `exit code ${code}`);
      });
    });
  });
}
