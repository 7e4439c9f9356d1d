/** Whether this is still the server whose configuration was taken, and still a primary of the same history. */
import { stat } from 'node:fs/promises';
import type { Problem } from '../../domain/problem.ts';
import type { Captured, ServerIdentity } from '../target.ts';
import { readControlFile } from './control-file.ts';
import { type PlacesRow, type ServerRow, placesQuery, serverQuery } from './queries.ts';
import type { Session, SqlChannel } from './sql-channel.ts';
import { TargetError } from './target-error.ts';

const hint = 'Nothing was written. Give the change up with "knowngood rescue --abandon" once you know why.';

export function identityOf({ facts }: Captured): ServerIdentity {
  const { dataDirectory, systemIdentifier, timeline } = facts;
  return { dataDirectory, systemIdentifier, ...(timeline === undefined ? {} : { timeline }) };
}

/** By its files alone, before anything is written; throws. What cannot be read speaks for nothing. */
export async function checkIdentity(facts: ServerIdentity): Promise<void> {
  const problem = await problemOnDisk(facts);
  if (problem !== null) throw new TargetError('NotApplied', [problem]);
}

/** Before SQL is written through this session: an address may lead to another server than the files; throws. */
export async function checkSession(session: Session, facts: ServerIdentity): Promise<void> {
  const [server] = await session.rows<ServerRow & Record<string, unknown>>(serverQuery);
  const [places] = await session.rows<PlacesRow & Record<string, unknown>>(placesQuery);
  if (server === undefined || places === undefined) throw new TypeError('the server gave no row');
  const problem = problemBetween(facts, { ...server, dataDirectory: places.dataDirectory });
  if (problem !== null) throw new TargetError('NotApplied', [problem]);
}

/** The open session only: a new one may not be had, and the files must go back all the same. */
export async function checkWarm(sql: SqlChannel, facts: ServerIdentity): Promise<void> {
  await sql
    .warm((session) => checkSession(session, facts))
    .catch((error: unknown) => {
      if (error instanceof TargetError && error.failure === 'NotApplied') throw error;
    });
}

/** null: the same server. Of a capture that was taken over SQL. */
export function identityProblem(facts: ServerIdentity, { snapshot, facts: now }: Captured): Problem | null {
  const inRecovery = snapshot?.sections.server.inRecovery ?? false;
  return problemBetween(facts, { ...now, timeline: now.timeline ?? null, inRecovery });
}

interface Identity {
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
  readonly timeline: number | null;
  readonly inRecovery: boolean;
}

function problemBetween(facts: ServerIdentity, now: Identity): Problem | null {
  if (now.systemIdentifier !== facts.systemIdentifier)
    return otherServer('the connection leads to another server than the one that was changed', facts, now);
  if (now.inRecovery) return standby('The server says that it is in recovery.');
  if (now.dataDirectory !== facts.dataDirectory)
    return {
      code: 'other-data-directory',
      message: 'the connection leads to another data directory than the one that was changed',
      detail: `It is ${now.dataDirectory}, it was ${facts.dataDirectory}.`,
      hint,
    };
  return now.timeline === null ? null : timelineProblem(facts, now.timeline, now.timeline !== facts.timeline);
}

async function problemOnDisk(facts: ServerIdentity): Promise<Problem | null> {
  const { dataDirectory } = facts;
  const found = await readControlFile(dataDirectory);
  if (found === null) return null;
  if (found === 'missing')
    return {
      code: 'other-server',
      message: `${dataDirectory} holds no server any more`,
      detail: `There is no global/pg_control in it. The system identifier was ${facts.systemIdentifier}.`,
      hint,
    };
  if (found.systemIdentifier !== facts.systemIdentifier)
    return otherServer(`${dataDirectory} holds another server than the one that was changed`, facts, found);
  for (const name of ['standby.signal', 'recovery.signal'])
    if (await isThere(`${dataDirectory}/${name}`)) return standby(`There is ${dataDirectory}/${name}.`);
  if (found.inRecovery) return standby('Its control file says that it last ran in recovery.');
  // The checkpoint in the file may be older than the baseline; a newer history is never seen by mistake.
  return found.timeline === null
    ? null
    : timelineProblem(facts, found.timeline, found.timeline > (facts.timeline ?? Infinity));
}

function otherServer(message: string, facts: ServerIdentity, now: { readonly systemIdentifier: string }): Problem {
  return {
    code: 'other-server',
    message,
    detail: `Its system identifier is ${now.systemIdentifier}, it was ${facts.systemIdentifier}.`,
    hint,
  };
}

function standby(detail: string): Problem {
  return {
    code: 'now-standby',
    message: 'the server was a primary when it was changed, and is in recovery now',
    detail,
    hint,
  };
}

function timelineProblem(facts: ServerIdentity, now: number, isOther: boolean): Problem | null {
  if (facts.timeline === undefined || !isOther) return null;
  return {
    code: 'timeline-changed',
    message: 'the server has another history than the one that was changed: it was promoted or restored meanwhile',
    detail: `Its timeline is ${now}, it was ${facts.timeline}.`,
    hint,
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
