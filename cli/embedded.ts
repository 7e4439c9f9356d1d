/** What `knowngood up` has started on this machine, so that other commands of the same user find it. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { DatabaseConfig, TemporalConfig } from '../domain/config.ts';

export interface Embedded {
  /** Of the `up` that runs it. */
  readonly pid: number;
  readonly temporal: Pick<TemporalConfig, 'address' | 'namespace' | 'encryption'>;
  readonly uiAddress: string | null;
  readonly store: DatabaseConfig;
}

/** A root home is closed to the user that PostgreSQL runs as. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.KNOWNGOOD_DATA) return env.KNOWNGOOD_DATA;
  if (process.getuid?.() === 0) return '/var/lib/knowngood/up';
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'knowngood');
}

/** Of a worker on this machine, unless knowngood.yaml names another one. */
export function signingKeyFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(dataFolder(env), 'report-signing-key.pem');
}

/** null: nothing runs. */
export async function readEmbedded(env: NodeJS.ProcessEnv = process.env): Promise<Embedded | null> {
  try {
    const embedded = JSON.parse(await readFile(recordIn(env), 'utf8')) as Embedded;
    return isAlive(embedded.pid) ? embedded : null;
  } catch {
    return null;
  }
}

export async function writeEmbedded(embedded: Embedded, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await mkdir(dataFolder(env), { recursive: true });
  await writeFileAtomic(recordIn(env), `${JSON.stringify(embedded, null, 2)}\n`, { mode: 0o600 });
}

export async function removeEmbedded(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await rm(recordIn(env), { force: true });
}

function recordIn(env: NodeJS.ProcessEnv): string {
  return join(dataFolder(env), 'up.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
