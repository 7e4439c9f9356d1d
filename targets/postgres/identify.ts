/** Whether this server can be guarded at all, and every reason why not. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Problem } from '../../domain/problem.ts';
import { checkOnHost, readFiles } from './capture-files.ts';
import { readControlFile } from './control-file.ts';
import { managedByFiles, managedByService } from './managed.ts';
import type { Parts } from './parts.ts';
import { findPostmaster, maySignal } from './postmaster.ts';
import { missingGrants, missingReload, privilegeProblem } from './privileges.ts';
import { type PrivilegeRow, type ServerRow, privilegesQuery, serverQuery } from './queries.ts';
import { readPlaces } from './server-state.ts';
import type { Session } from './sql-channel.ts';
import { TargetError, messageOf } from './target-error.ts';

export type Identified =
  | { readonly kind: 'guardable'; readonly version: string }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** An unreachable server is a refusal with its reason, too. */
export async function identifyOn({ sql }: Parts): Promise<Identified> {
  try {
    return await sql.fresh(identify);
  } catch (error) {
    if (error instanceof TargetError) return { kind: 'refused', problems: error.problems };
    return {
      kind: 'refused',
      problems: [
        { code: 'unreachable', message: 'the server could not be asked what it is', detail: messageOf(error) },
      ],
    };
  }
}

async function identify(session: Session): Promise<Identified> {
  const [server] = await session.rows<ServerRow & Record<string, unknown>>(serverQuery);
  const [privileges] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
  if (server === undefined || privileges === undefined) throw new TypeError('the server gave no row');
  const problems: Problem[] = [];
  if (server.inRecovery)
    problems.push({
      code: 'standby',
      message: 'the server is a standby',
      detail: 'It is in recovery.',
      hint: 'Name its primary as the target: a standby follows it.',
    });
  if (server.versionNum < 140000)
    problems.push({
      code: 'too-old',
      message: `PostgreSQL ${server.version} is too old`,
      hint: 'Knowngood guards PostgreSQL 14 and newer.',
    });
  const service = await managedByService(session);
  if (service !== null) return { kind: 'refused', problems: [...problems, service] };
  const lacking = privilegeProblem(privileges, missingGrants(privileges));
  // Where the files are cannot be asked without the first of these privileges.
  if (lacking !== null) return { kind: 'refused', problems: [...problems, lacking] };
  problems.push(...(await onHostProblems(session, server.systemIdentifier, privileges)));
  return problems.length === 0 ? { kind: 'guardable', version: server.version } : { kind: 'refused', problems };
}

async function onHostProblems(
  session: Session,
  systemIdentifier: string,
  privileges: PrivilegeRow,
): Promise<readonly Problem[]> {
  const places = await readPlaces(session);
  try {
    checkOnHost(places, await readFiles(places));
  } catch (error) {
    if (error instanceof TargetError) return error.problems;
    throw error;
  }
  const control = await readControlFile(places.dataDirectory);
  const here = control === null || control === 'missing' ? null : control.systemIdentifier;
  if (here !== null && here !== systemIdentifier)
    return [
      {
        code: 'not-on-this-host',
        message: `${places.dataDirectory} on this host belongs to another server`,
        detail: `System identifier ${here}, connected to ${systemIdentifier}.`,
        hint: 'The agent must run on the database host.',
      },
    ];
  const owner = await managedByFiles(places);
  if (owner !== null) return [owner];
  const folders = [...new Set([dirname(places.paths.config), dirname(places.paths.hba), places.dataDirectory])];
  const closed = (
    await Promise.all(folders.map(async (folder) => ((await isWritable(folder)) ? [] : [folder])))
  ).flat();
  return [...closed.map(unwritable), ...(await reloadProblems(places.dataDirectory, privileges))];
}

/** A server that can be told of new files neither by SQL nor by a signal would keep a change for ever. */
async function reloadProblems(dataDirectory: string, privileges: PrivilegeRow): Promise<readonly Problem[]> {
  if (privileges.reload) return [];
  const postmaster = await findPostmaster(dataDirectory);
  const problem = privilegeProblem(privileges, missingReload(privileges));
  return problem === null || (postmaster !== null && maySignal(postmaster)) ? [] : [problem];
}

function unwritable(folder: string): Problem {
  return {
    code: 'folder-unwritable',
    message: `the agent may not write to ${folder}`,
    detail: 'Files are replaced by renaming new ones over them.',
    hint: 'Run the agent as the user that owns the server, or as root.',
  };
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
