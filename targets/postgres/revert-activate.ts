/** How restored files take effect: a restart where one is needed and allowed, else a reload; SQL is a convenience only. */
import type { Problem } from '../../domain/problem.ts';
import type { SettingEntry } from '../../domain/snapshot.ts';
import type { Fence, Say } from '../target.ts';
import { askAs, awaitLetIn } from './accepting.ts';
import { requestReload, restartServer } from './activate.ts';
import type { Parts } from './parts.ts';
import { findPostmaster } from './postmaster.ts';

/** How long a reload that was asked for may take to be seen. */
export const proofTimeoutMs = 5_000;

export interface Activation {
  /** When it was asked for, Unix ms. */
  readonly at: number;
  readonly restarted: boolean;
  readonly acceptingAt: Promise<number | null>;
  /** The ways that were tried to make the server take its files, in order. */
  readonly tried: readonly string[];
  readonly problems: readonly Problem[];
}

/** `elsewhere`: it runs, and does not listen where the agent finds it; a reload never changes that. */
export type Silence = 'down' | 'elsewhere';

export async function silenceOf({ endpoint }: Parts, dataDirectory: string): Promise<Silence | null> {
  const postmaster = await findPostmaster(dataDirectory);
  // One that starts or stops listens nowhere for a moment.
  if (postmaster !== null && postmaster.status !== 'ready') return null;
  if ((await askAs(endpoint)).kind !== 'refused') return null;
  return postmaster === null ? 'down' : 'elsewhere';
}

export interface Need {
  readonly dataDirectory: string;
  readonly mayRestart: boolean;
  readonly wantsRestart: boolean;
  readonly silent: Silence | null;
  readonly fence: Fence;
  readonly say: Say;
}

export async function activate(parts: Parts, need: Need): Promise<Activation> {
  const { dataDirectory, mayRestart, wantsRestart, silent, fence, say } = need;
  await fence();
  const at = Date.now();
  if (wantsRestart && mayRestart && parts.restart !== null) {
    say(silent === 'down' ? 'starting the server' : 'restarting the server');
    const { acceptingAt, problem } = await restartServer(parts.restart, dataDirectory, parts.endpoint);
    const problems = problem === null ? [] : [problem];
    const tried = [acceptingAt === null ? 'restart: no, the server does not answer' : 'restart: done'];
    return { at, restarted: acceptingAt !== null, acceptingAt: Promise.resolve(acceptingAt), tried, problems };
  }
  if (silent !== null)
    return {
      at,
      restarted: false,
      acceptingAt: Promise.resolve(null),
      tried: [],
      problems: [cannotStart(parts, silent)],
    };
  say('reloading the configuration');
  const reload = await requestReload(parts.sql, dataDirectory);
  const unheard: Problem = {
    code: 'not-reloaded',
    message: 'the server could not be told to reload its configuration',
    detail: `Tried ${reload.tried.join('; ')}.`,
    hint: 'Reload it by hand: the files are restored.',
  };
  return {
    at: reload.at,
    restarted: false,
    acceptingAt: awaitLetIn(parts.endpoint, proofTimeoutMs),
    tried: reload.tried,
    problems: reload.sent ? [] : [unheard],
  };
}

function cannotStart({ restart }: Parts, silent: Silence): Problem {
  const why =
    restart === null ? 'this agent has no restart command' : 'neither the change nor the policy allows a restart';
  const byHand = `by hand: its files are restored, and ${why}.`;
  return silent === 'down'
    ? { code: 'server-down', message: 'the server is down', hint: `Start it ${byHand}` }
    : {
        code: 'server-elsewhere',
        message: 'the server runs, and does not listen where the agent finds it',
        detail: 'Only a restart makes it listen as its files say.',
        hint: `Restart it ${byHand}`,
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
