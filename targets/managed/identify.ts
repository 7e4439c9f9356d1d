/** Whether a managed target can be guarded: its owner obeys, somebody leads, and the agent gets in at every member that runs. */
import type { Problem } from '../../domain/problem.ts';
import { quoteName } from '../../domain/revert/sql/quote.ts';
import { type PrivilegeRow, type ServerRow, privilegesQuery, serverQuery } from '../postgres/queries.ts';
import type { Session } from '../postgres/session.ts';
import { TargetError, codeOf } from '../postgres/target-error.ts';
import type { Target } from '../target.ts';
import { textsQuery } from './capture.ts';
import type { Member } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { hasReadableFiles, privilegeProblemAt } from './privileges.ts';

type Identified = Awaited<ReturnType<Target['identify']>>;

/** An owner that is away, and a cluster that nobody leads, are refusals with their reason, too. */
export async function identifyManaged(parts: ManagedParts): Promise<Identified> {
  try {
    const owned = await parts.owner.read();
    const leader = leaderOf(owned, parts.owner);
    const running = owned.members.filter(({ reached }) => reached);
    const asked = await Promise.all(running.map((member) => ask(parts, member, owned.systemIdentifier)));
    const problems = asked.flatMap((one) => one.problems);
    const version = asked[running.indexOf(leader)]?.version ?? '';
    if (problems.length === 0 && version === '') problems.push(notRunning(leader));
    return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'guardable', version };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { kind: 'refused', problems: error.problems };
  }
}

async function ask(
  parts: ManagedParts,
  member: Member,
  systemIdentifier: string | null,
): Promise<{ readonly version: string; readonly problems: readonly Problem[] }> {
  try {
    return await parts.on(member).sql.any(async (session) => {
      const [server] = await session.rows<ServerRow & Record<string, unknown>>(serverQuery);
      const [privileges] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
      if (server === undefined || privileges === undefined) throw new TypeError('the server gave no row');
      const lacking = privilegeProblemAt(parts.owner, privileges) ?? (await filesProblem(parts, session));
      return {
        version: server.version,
        problems: [
          ...(server.versionNum < 140000 ? [tooOld(server.version)] : []),
          ...(systemIdentifier !== null && server.systemIdentifier !== systemIdentifier ? [elsewhere(member)] : []),
          ...(lacking === null ? [] : [lacking]),
        ],
      };
    });
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      message: `member ${member.name}: ${problem.message}`,
    }));
    return { version: '', problems };
  }
}

/**
 * Its rules, and what it has taken, are read through the server: the agent need not be on its host. Found out by doing it: below the
 * data directory the right to the function is enough.
 */
async function filesProblem({ owner }: ManagedParts, session: Session): Promise<Problem | null> {
  if (!hasReadableFiles(owner)) return null;
  const [row] = await session.rows<{ may: boolean; user: string }>(
    `select pg_catalog.has_function_privilege('pg_catalog.pg_read_binary_file(text)', 'execute') as may, current_user as "user"`,
  );
  if (row === undefined) throw new TypeError('the server gave no row');
  const to = `to ${quoteName(row.user)}`;
  if (!row.may) return filesClosed(row.user, `grant execute on function pg_read_binary_file(text) ${to};`);
  try {
    await session.rows(textsQuery);
  } catch (error) {
    if (codeOf(error) === '42501') return filesClosed(row.user, `grant pg_read_server_files ${to};`);
    // Whatever else it is, the snapshot says so.
  }
  return null;
}

function filesClosed(user: string, grants: string): Problem {
  return {
    code: 'insufficient-privilege',
    message: `role "${user}" may not read the configuration files through the server`,
    detail: `Missing: ${grants}`,
    hint: "Run these statements as a superuser, in the database that the agent's connection names.",
  };
}

function notRunning({ name, state }: Member): Problem {
  return { code: 'no-leader', message: `member ${name} leads, and does not run`, detail: `It is ${state}.` };
}

function tooOld(version: string): Problem {
  return {
    code: 'too-old',
    message: `PostgreSQL ${version} is too old`,
    hint: 'Knowngood guards PostgreSQL 14 and newer.',
  };
}

function elsewhere({ name, host, port }: Member): Problem {
  return {
    code: 'other-server',
    message: `${host}:${port} is another cluster's than member ${name}`,
    detail: 'The owner tells another system identifier than the server.',
  };
}
