/** A named command in a process group of its own: journaled before it starts, started at most once, killed as a whole. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournaledCommand } from '../domain/journal.ts';
import { AgentError } from './agent-error.ts';
import { bootId, groupMembers, processStat } from './host.ts';

export interface StartedCommand {
  readonly pgid: number;
  readonly startTicks: number | null;
  /** Lets it begin; until then a shell waits for this line, and ends without it when the agent dies. */
  release(): void;
  /** Ends it before it began. */
  dismiss(): void;
  readonly ended: Promise<EndedCommand>;
}

export interface EndedCommand {
  /** -1: ended by a signal, or could not be started. */
  readonly exitCode: number;
  readonly signal: string | null;
  /** The last lines of both outputs. */
  readonly output: string;
}

const outputKept = 2_048;

/** What the gate exits with when the line never came. */
const gate = 'IFS= read -r go || exit 125; exec "$@"';

export function startGated(argv: readonly string[]): StartedCommand {
  const child = spawn('/bin/sh', ['-c', gate, 'sh', ...argv], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-outputKept);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  // A command that never reads its input closes the pipe: not this module's concern.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<EndedCommand>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: -1, signal: null, output: error.message }));
    // Not `close`: a server that the command starts may hold its outputs for as long as it runs.
    child.once('exit', (code, signal) =>
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ exitCode: code ?? -1, signal, output: output.trim() });
      }, lastWordsMs),
    );
  });
  return {
    pgid: pid ?? 0,
    startTicks: pid === undefined ? null : (processStat(pid)?.startTicks ?? null),
    release: () => child.stdin.end('\n'),
    dismiss: () => child.stdin.destroy(),
    ended,
  };
}

/** The outputs may still hold lines when the exit is known. */
const lastWordsMs = 20;

const politeMs = 3_000;
const killMs = 10_000;

/** Nothing of the command runs any more once this answers. It is safe to call again, and after another agent's start. */
export async function killCommand(command: JournaledCommand, say: (line: string) => void): Promise<void> {
  if (!mayStillRun(command)) return;
  say(`stopping command ${command.name} (process group ${command.pgid})`);
  signalGroup(command.pgid, 'SIGTERM');
  if (await gone(command.pgid, politeMs)) return;
  signalGroup(command.pgid, 'SIGKILL');
  if (await gone(command.pgid, killMs)) return;
  throw new AgentError('AgentInternal', {
    code: 'command-still-runs',
    message: `command ${command.name} cannot be stopped`,
    detail: `Processes ${groupMembers(command.pgid).join(', ')} of group ${command.pgid} are still there.`,
    hint: 'They may wait for a disk; the revert goes on when they are gone.',
  });
}

export function mayStillRun(command: JournaledCommand): boolean {
  if (command.exitCode !== null || command.pgid <= 1 || command.bootId !== bootId()) return false;
  const leader = processStat(command.pgid);
  // The kernel gives a group's number to no new process while the group lives: another start time, another program.
  if (leader !== null && command.startTicks !== null && leader.startTicks !== command.startTicks) return false;
  return groupMembers(command.pgid).length > 0;
}

function signalGroup(pgid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // It ended by itself in between.
  }
}

async function gone(pgid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    if (groupMembers(pgid).length === 0) return true;
    if (performance.now() >= until) return false;
    await sleep(10);
  }
}
