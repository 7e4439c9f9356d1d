/**
 * Child processes that end with the process that started them, even when that one is killed with SIGKILL.
 *
 * Each runs under a small `sh`, its keeper, in a session and process group of its own: Ctrl-C does not reach it.
 * The keeper reads its standard input; the pipe ends when the starter ends, however it does, and then the group is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A user other than this process's own to run a child as; only root can. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

export interface KeepOptions {
  readonly cwd?: string;
  /** The whole environment; default this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: SystemUser | null;
  /** Between asking the group to end and ending it by force; default 5 s. */
  readonly graceMs?: number;
  /** Where both outputs go, appended; default: kept in memory for `tail`. */
  readonly logFile?: string;
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

export interface Kept {
  /** Of the keeper, which leads the process group. */
  readonly pid: number;
  /** The exit code, 128 + signal when it was killed. Never rejects. */
  readonly exited: Promise<number>;
  /** The last lines of both outputs; empty with a log file. */
  tail(): string;
  /** Ends the whole group; done when it has ended. Again: the same. */
  stop(): Promise<void>;
}

const tailLines = 200;
const lastWordsMs = 200;

/*
 * `read` and not `cat` waits for the end of input: a builtin leaves no process behind when the subshell is killed.
 * TERM has a handler rather than being ignored, because an ignored signal would be inherited by the child.
 */
const keeperScript = `
tenths=$1; shift
ending=
trap : TERM
trap 'ending=yes' USR1
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
(
  while read -r line <&3; do :; done
  trap '' TERM
  kill -USR1 $$
  kill -TERM -$$
  while [ $tenths -gt 0 ] && kill -0 $child; do sleep 0.1; tenths=$((tenths - 1)); done
  kill -KILL -$$
) 2>/dev/null &
watcher=$!
# Asked first, whether it lives or not: the shell may have collected it already, and then only its word is left.
wait $child; code=$?
# A signal ends a wait early.
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
[ -z "$ending" ] || wait $watcher
kill -KILL $watcher
trap '' TERM
kill -TERM -$$
exit $code
`;

/** Starts a command under a keeper. It does not hold this process's event loop. */
export async function keep(command: string, args: readonly string[], options: KeepOptions = {}): Promise<Kept> {
  const tenths = String(Math.ceil((options.graceMs ?? 5_000) / 100));
  const log = options.logFile === undefined ? null : openSync(options.logFile, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', keeperScript, 'knowngood-keeper', tenths, command, ...args], {
    detached: true,
    stdio: ['pipe', log ?? 'pipe', log ?? 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.user ? { uid: options.user.uid, gid: options.user.gid } : {}),
  });
  if (log !== null) closeSync(log);
  await once(child, 'spawn');
  const lines = follow(child, options.onLine);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => {
      const result = code ?? (signal === 'SIGKILL' ? 137 : 143);
      // Its last words are still on the way; a daemon that it left behind may hold the pipe for ever.
      void Promise.race([closed, sleep(lastWordsMs)]).then(() => resolve(result));
    });
  });
  child.stdin?.on('error', () => {}); // the keeper may be gone before its input is closed
  release(child);
  return {
    pid: child.pid as number,
    exited,
    tail: () => lines.join('\n'),
    stop: async () => {
      child.ref();
      child.stdin?.end();
      await exited;
    },
  };
}

/**
 * A keeper without a child of its own: ends the server that runs in a data folder when this process ends, whoever
 * started that server (`pg_ctl restart` puts a new one into a session that no process group of ours would catch).
 */
export interface ServerKeeper {
  /** The server may go on: nothing is done when this process ends. */
  dismiss(): Promise<void>;
}

/*
 * A recycled process id must not be killed: a postmaster's working directory is its data folder.
 * It goes on for two quiet seconds, because an agent may be in the middle of a restart.
 */
const serverKeeperScript = `
trap '' INT HUP TERM
data=$1 first=$2; shift 2
while read -r line; do [ "$line" = dismiss ] && exit 0; done
runs() { [ "$(readlink "/proc/$1/cwd")" = "$data" ]; }
quiet=0 tries=0
while [ $quiet -lt 20 ]; do
  pid=$(head -n 1 "$data/postmaster.pid")
  if [ -n "$pid" ] && kill -0 "$pid" && runs "$pid"; then
    if [ $tries -lt 50 ]; then kill -$first "$pid"; else kill -QUIT "$pid"; fi
    quiet=0 tries=$((tries + 1))
  else
    quiet=$((quiet + 1))
  fi
  [ -d "$data" ] || break
  sleep 0.1
done
[ $# -eq 0 ] || rm -rf "$@"
`;

export interface KeepServerOptions {
  /** Absolute, without symbolic links. */
  readonly dataDir: string;
  /** INT (fast) keeps a data folder clean for its next start; QUIT (immediate) is for one that is thrown away. */
  readonly signal: 'INT' | 'QUIT';
  /** Removed once the server has ended. */
  readonly thenRemove: readonly string[];
}

export async function keepServer({ dataDir, signal, thenRemove }: KeepServerOptions): Promise<ServerKeeper> {
  const script = ['-c', serverKeeperScript, 'knowngood-keeper', dataDir, signal, ...thenRemove];
  const child = spawn('/bin/sh', script, { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  child.stdin?.on('error', () => {});
  release(child);
  return {
    dismiss: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      child.stdin?.end('dismiss\n');
      await exited;
    },
  };
}

function follow(child: ChildProcess, onLine: KeepOptions['onLine']): string[] {
  const lines: string[] = [];
  for (const from of ['stdout', 'stderr'] as const) {
    const output = child[from];
    if (!output) continue;
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      if (lines.length > tailLines) lines.shift();
      onLine?.(line, from);
    });
  }
  return lines;
}

/** Lets this process end although the child runs: the end of the process is what ends the child. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as { unref?: () => void } | null)?.unref?.();
  }
}
