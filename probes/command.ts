/** Check kind `command`: a program that this probe's own probe.yaml names, without a shell; exit code 0 passes. */
import { spawn } from 'node:child_process';
import type { CommandCheck } from '../domain/check.ts';
import { failedWith, passed, probeError, type Measured } from './measured.ts';

/** What probe.yaml allows, by name: program and arguments. */
export type ProbeCommands = Readonly<Record<string, readonly string[]>>;

/** Of stderr: its last line is the message. What stdout says is not read at all. */
const keptChars = 4_096;
/** The pipe may still hold words when the exit is known. */
const lastWordsMs = 20;
/** The probe's own secrets stand in its environment: a program gets none of them. */
const handedOn = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR'] as const;

export async function measureCommand(
  { command: name, timeoutMs }: CommandCheck,
  commands: ProbeCommands,
): Promise<Measured> {
  const argv = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (argv === undefined) return probeError('not-allowed', `probe.yaml of this location names no command "${name}"`);
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    // A group of its own, so that its children end with it.
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      env: Object.fromEntries(
        handedOn.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]])),
      ),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    let late = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-keptChars)));
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, timeoutMs);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve(probeError(error.code ?? null, `command "${name}" could not be started: ${error.message}`));
    });
    // Not `close`: what it leaves running may hold stderr.
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      setTimeout(() => {
        child.stderr.destroy();
        resolve(
          late ? failedWith('timeout', null, `not done within ${timeoutMs} ms`) : judge(code, signal, lastLine(said)),
        );
      }, lastWordsMs);
    });
  });
}

function judge(code: number | null, signal: string | null, words: string): Measured {
  if (code === 0) return passed;
  const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
  return failedWith('command', signal ?? String(code), words === '' ? `the program ${how}` : words);
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

function lastLine(text: string): string {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1) ?? ''
  );
}
