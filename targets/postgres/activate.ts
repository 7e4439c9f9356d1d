/** Makes files take effect, by reload or restart, and sees it happen on a new connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../../domain/problem.ts';
import { awaitAnswer, awaitNewPostmaster } from './accepting.ts';
import type { Endpoint } from './endpoint.ts';
import type { Lifeline } from './lifeline.ts';
import { findPostmaster, isSamePostmaster, sendReload } from './postmaster.ts';
import { type Restart, runRestart } from './restart.ts';
import type { Session, SqlChannel } from './sql-channel.ts';
import { messageOf } from './target-error.ts';

/** After the restart command has returned: crash recovery and the like. */
const answerTimeoutMs = 60_000;

export interface Reload {
  readonly sent: boolean;
  readonly at: number;
  /** What was tried, in order; the last one worked if it was sent. */
  readonly tried: readonly string[];
}

/** A session that does not answer, its server being frozen, must not hold up the signal. */
const sessionAnswersWithinMs = 2_000;

/** By the lifeline, else another open session, else a signal, else a new session: whatever is left. */
export async function requestReload(sql: SqlChannel, dataDirectory: string): Promise<Reload> {
  const at = Date.now();
  const tried: string[] = [];
  const by = async (way: string, ask: () => Promise<string>): Promise<boolean> => {
    try {
      tried.push(`${way}: ${await ask()}`);
      return true;
    } catch (error) {
      tried.push(`${way}: no, ${messageOf(error)}`);
      return false;
    }
  };
  const sent =
    (await by('lifeline', () => soon(byLifeline(sql.lifeline)))) ||
    (await by('open session', () => soon(sql.warm(reload).then(asked)))) ||
    (await by('signal', () => bySignal(dataDirectory))) ||
    (await by('new session', async () => asked(await sql.fresh(reload))));
  return { sent, at, tried };
}

function reload(session: Session): Promise<unknown> {
  return session.rows('select pg_catalog.pg_reload_conf()');
}

function asked(answer: unknown): string {
  if (answer === null) throw new Error('none is open');
  return 'reload asked for';
}

function soon<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined);
  const late = sleep(sessionAnswersWithinMs, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${sessionAnswersWithinMs / 1_000} s`);
  });
  return Promise.race([answer, late]);
}

async function byLifeline(lifeline: Lifeline): Promise<string> {
  const { state } = lifeline;
  if (!state.open) throw new Error(state.why);
  if ((await lifeline.use(reload)) === null) throw new Error('it has just been lost');
  return `reload asked for, ${state.place}`;
}

async function bySignal(dataDirectory: string): Promise<string> {
  const postmaster = await findPostmaster(dataDirectory);
  if (postmaster === null) throw new Error('no server process is seen from here');
  if (!sendReload(postmaster)) throw new Error(`process ${postmaster.pid} belongs to another user`);
  return `SIGHUP to process ${postmaster.pid}`;
}

/**
 * pg_reload_conf says true to anything: only a newer load time shows that a reload happened, on a new connection. With
 * `orWarm`, the open session will do where the new rules let no new one in: it is told right after the postmaster.
 * `isVain`: no reload will let a new one in.
 */
export async function awaitLoaded(
  sql: SqlChannel,
  requestedAt: number,
  timeoutMs: number,
  orWarm = false,
  isVain: (error: unknown) => boolean = () => false,
): Promise<boolean> {
  for (const until = Date.now() + timeoutMs; ; await sleep(5)) {
    let vain = false;
    const loadedAt = await sql.fresh(loadTime).catch((error: unknown) => {
      vain = isVain(error);
      return orWarm ? sql.warm(loadTime).catch(() => null) : null;
    });
    if (loadedAt !== null && loadedAt >= requestedAt) return true;
    if (vain || Date.now() >= until) return false;
  }
}

async function loadTime(session: Session): Promise<number> {
  const query = `select (extract(epoch from pg_catalog.pg_conf_load_time()) * 1000)::float8 as at`;
  const [row] = await session.rows<{ at: number }>(query);
  return row?.at ?? 0;
}

export interface Restarted {
  /** Unix ms of the first answer of the new server; null: it does not answer. */
  readonly acceptingAt: number | null;
  readonly problem: Problem | null;
}

/** Restarts, or starts what is down. A server that is the same process afterwards was not restarted. */
export async function restartServer(command: Restart, dataDirectory: string, endpoint: Endpoint): Promise<Restarted> {
  const old = await findPostmaster(dataDirectory);
  let until = Number.POSITIVE_INFINITY;
  const answered = awaitNewPostmaster(dataDirectory, old, endpoint, () => Date.now() >= until);
  const problem = await runRestart(command);
  const now = await findPostmaster(dataDirectory);
  const isNew = now !== null && !isSamePostmaster(now, old);
  until = isNew && problem === null ? Date.now() + answerTimeoutMs : Date.now();
  const acceptingAt = (await answered) ?? (isNew ? await awaitAnswer(endpoint, 0) : null);
  if (problem !== null && acceptingAt === null) return { acceptingAt, problem };
  if (!isNew)
    return {
      acceptingAt: null,
      problem: {
        code: 'not-restarted',
        message: 'the restart command ended without a new server process',
        detail: now === null ? 'No server runs.' : `Process ${now.pid} still runs.`,
        hint: "Check the restart command in the agent's agent.yaml, and the server's log.",
      },
    };
  return {
    acceptingAt,
    problem:
      acceptingAt === null
        ? {
            code: 'not-accepting',
            message: 'the restarted server does not accept connections',
            hint: "Read the server's log.",
          }
        : null,
  };
}
