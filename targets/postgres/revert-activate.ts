/** How restored files take effect: a restart where one is needed and allowed, else a reload; SQL is a convenience only. */
import type { Problem } from '../../domain/problem.ts';
import type { SettingEntry } from '../../domain/snapshot.ts';
import type { Fence, Say } from '../target.ts';
import { awaitLetIn } from './accepting.ts';
import { requestReload, restartServer } from './activate.ts';
import type { Parts } from './parts.ts';

/** How long a reload that was asked for may take to be seen. */
export const proofTimeoutMs = 5_000;

export interface Activation {
  /** When it was asked for, Unix ms. */
  readonly at: number;
  readonly restarted: boolean;
  readonly acceptingAt: Promise<number | null>;
  readonly problems: readonly Problem[];
}

export interface Need {
  readonly dataDirectory: string;
  readonly mayRestart: boolean;
  readonly wantsRestart: boolean;
  readonly isDown: boolean;
  readonly fence: Fence;
  readonly say: Say;
}

export async function activate(parts: Parts, need: Need): Promise<Activation> {
  const { dataDirectory, mayRestart, wantsRestart, isDown, fence, say } = need;
  await fence();
  const at = Date.now();
  if (wantsRestart && mayRestart && parts.restart !== null) {
    say(isDown ? 'starting the server' : 'restarting the server');
    const { acceptingAt, problem } = await restartServer(parts.restart, dataDirectory, parts.endpoint);
    const problems = problem === null ? [] : [problem];
    return { at, restarted: acceptingAt !== null, acceptingAt: Promise.resolve(acceptingAt), problems };
  }
  if (isDown) return { at, restarted: false, acceptingAt: Promise.resolve(null), problems: [cannotStart(parts)] };
  say('reloading the configuration');
  const reload = await requestReload(parts.sql, dataDirectory);
  const unheard: Problem = {
    code: 'not-reloaded',
    message: 'the server could not be told to reload its configuration',
    detail: 'Neither SQL nor a signal reaches it.',
    hint: 'Reload it by hand: the files are restored.',
  };
  return {
    at: reload.at,
    restarted: false,
    acceptingAt: awaitLetIn(parts.endpoint, proofTimeoutMs),
    problems: reload.sent === null ? [unheard] : [],
  };
}

function cannotStart({ restart }: Parts): Problem {
  const why =
    restart === null ? 'this agent has no restart command' : 'neither the change nor the policy allows a restart';
  return {
    code: 'server-down',
    message: 'the server is down',
    hint: `Start it by hand: its files are restored, and ${why}.`,
  };
}

/** By the open connection only: a new one may not be had, and takes time that dependents wait. null: not known. */
export async function runningPostmasterValues({ sql }: Parts): Promise<readonly SettingEntry[] | null> {
  type Row = { name: string; value: string; source: string };
  const query = `select name, setting as value, source from pg_catalog.pg_settings where context = 'postmaster'`;
  const rows = await sql.warm((session) => session.rows<Row>(query)).catch(() => null);
  const rest = { unit: null, context: 'postmaster', sourceFile: null, sourceLine: null, pendingRestart: false };
  return rows?.map((row) => ({ ...row, ...rest })) ?? null;
}
