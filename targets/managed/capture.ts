/** Takes a snapshot of a managed target: what its owner declares, what its primary runs, and what each member has. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Document, isTree, sameValue, valueAt } from '../../domain/managed/document.ts';
import { bareRules, pathsIn, settingText, viewsOf } from '../../domain/managed/views.ts';
import type { Problem } from '../../domain/problem.ts';
import type { ConfigFile } from '../../domain/snapshot/files.ts';
import { snapshotOf } from '../../domain/snapshot/hash.ts';
import type { SettingEntry } from '../../domain/snapshot.ts';
import { bodiesOf, fileEntries } from '../postgres/capture.ts';
import { catalogsOf, readCatalogs } from '../postgres/catalog/read-catalogs.ts';
import { unreadProblems } from '../postgres/catalog/unread.ts';
import { dirtyReasons } from '../postgres/dirty.ts';
import { newHasher } from '../postgres/fingerprint.ts';
import type { FileSettingRow } from '../postgres/queries.ts';
import {
  type ServerState,
  effectiveRows,
  readPlaces,
  readServer,
  roleEntries,
  settingEntries,
} from '../postgres/server-state.ts';
import type { Session } from '../postgres/session.ts';
import { TargetError, messageOf } from '../postgres/target-error.ts';
import type { Captured, MemberState } from '../target.ts';
import type { Member, Owned, Owner } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { hasReadableFiles, readPrivilegesAt } from './privileges.ts';

export interface ManagedLook {
  readonly captured: Captured;
  readonly owned: Owned;
  readonly leader: Member;
  readonly state: ServerState;
}

/** A document that changes faster is somebody's work in progress, and a leader that does is a failover. */
const maxReadings = 5;
const pauseMs = 500;

/** Throws a TargetError, whatever it was that failed. */
export async function lookManaged(parts: ManagedParts): Promise<ManagedLook> {
  let owned = await parts.owner.read();
  for (let reading = 1; reading <= maxReadings; reading += 1) {
    const leader = leaderOf(owned, parts.owner);
    const [seen, members] = await Promise.all([readLeader(parts, leader), readStandbys(parts, owned)]);
    const again = await parts.owner.read();
    const stoodStill = sameValue(owned.document, again.document) && leaderOf(again, parts.owner).name === leader.name;
    owned = again;
    if (stoodStill && !seen.state.server.inRecovery)
      return { captured: captureOf(parts, owned, leader, seen, members), owned, leader, state: seen.state };
    await sleep(pauseMs);
  }
  throw new TargetError('TargetUnreachable', [
    {
      code: 'torn-reading',
      message: `what ${parts.owner.title} declares, or who leads, changed during ${maxReadings} readings in a row`,
      hint: 'Something keeps changing it: find out what, then try again.',
    },
  ]);
}

interface Seen {
  readonly state: ServerState;
  readonly catalogs: ReturnType<typeof catalogsOf>;
  readonly dataDirectory: string;
  readonly texts: AccessText;
}

interface AccessText {
  readonly hba: string | null;
  readonly ident: string | null;
}

async function readLeader(parts: ManagedParts, leader: Member): Promise<Seen> {
  const { sql } = parts.on(leader);
  try {
    return await sql.fresh(async (session) => {
      const privileges = await readPrivilegesAt(parts.owner, session);
      const [catalogs, { state, dataDirectory, texts }] = await readCatalogs(sql, session, async () => ({
        dataDirectory: (await readPlaces(session)).dataDirectory,
        texts: await readTexts(parts, session),
        state: await readServer(session, privileges),
      }));
      return { state, catalogs: catalogsOf(catalogs, state.shared.databases), dataDirectory, texts };
    });
  } catch (error) {
    if (error instanceof TargetError) throw error;
    const problem = { code: 'snapshot-failed', message: 'the primary could not be read', detail: messageOf(error) };
    throw new TargetError('TargetUnreachable', [problem], error);
  }
}

export const textsQuery = `
  select pg_catalog.encode(pg_catalog.pg_read_binary_file(pg_catalog.current_setting('hba_file')), 'base64') as hba,
    pg_catalog.encode(pg_catalog.pg_read_binary_file(pg_catalog.current_setting('ident_file')), 'base64') as ident`;

async function readTexts({ owner }: ManagedParts, session: Session): Promise<AccessText> {
  if (!hasReadableFiles(owner)) return { hba: null, ident: null };
  const [row] = await session.rows<{ hba: string; ident: string }>(textsQuery);
  const bytes = (base64 = ''): string => Buffer.from(base64, 'base64').toString('latin1');
  return { hba: bytes(row?.hba), ident: bytes(row?.ident) };
}

/** Those that answer; null: one that runs and does not let the agent in. */
async function readStandbys(
  parts: ManagedParts,
  owned: Owned,
): Promise<ReadonlyMap<string, { readonly state: MemberState; readonly problems: readonly Problem[] } | null>> {
  const standbys = owned.members.filter(({ role, reached }) => role === 'standby' && reached);
  const read = standbys.map(
    async (member) => [member.name, await readMember(parts, member).catch(() => null)] as const,
  );
  return new Map(await Promise.all(read));
}

async function readMember(
  parts: ManagedParts,
  member: Member,
): Promise<{ readonly state: MemberState; readonly problems: readonly Problem[] }> {
  return parts.on(member).sql.fresh(async (session) => {
    const state = await readServer(session, await readPrivilegesAt(parts.owner, session));
    const { hba } = await readTexts(parts, session);
    const entries = ownEntries(parts, state);
    const problems = dirtyReasons(state, nothingOnDisk).map((problem) => ofMember(member.name, problem));
    return { state: memberState(entries, hba), problems: [...problems, ...waitingProblem(member)] };
  });
}

/** Where the server's own view of its files is closed: what is declared, and what else it runs as some file says. */
function asDeclared({ places }: Owner, scope: string, document: Document, state: ServerState): ServerState {
  const row = (name: string, setting: string): FileSettingRow => ({
    file: pathsIn(scope).auto,
    line: 0,
    name,
    setting,
    applied: true,
    error: null,
  });
  const elsewhere = state.settings.filter(({ source }) => source === 'configuration file');
  const declared = valueAt(document, places.parameters);
  const named = Object.entries(isTree(declared) ? declared : {});
  return {
    ...state,
    // The last one counts.
    fileSettings: [
      ...elsewhere.map(({ name, setting }) => row(name, setting)),
      ...named.map(([name, value]) => row(name, settingText(value) ?? '')),
    ],
  };
}

const nothingOnDisk = { unseen: [], files: new Map<string, ConfigFile>() };

/** Where each member listens is its own; that it listens is what decides who gets in. */
const listening: ReadonlySet<string> = new Set(['listen_addresses', 'port', 'unix_socket_directories']);

/** Without what is the member's own, and without where a file says it: each writes its own. */
function ownEntries({ owner, digest }: ManagedParts, state: ServerState): readonly SettingEntry[] {
  const rows = effectiveRows(state).flatMap((row) => {
    if (row.context === 'internal') return [];
    if (!owner.memberOwn.has(row.name)) return [row];
    return listening.has(row.name) && row.setting !== ''
      ? [{ ...row, setting: '*', source: 'override', sourceFile: null }]
      : [];
  });
  return settingEntries(rows, digest.fingerprint).map((entry) => ({
    ...entry,
    sourceFile: entry.sourceFile?.slice(entry.sourceFile.lastIndexOf('/') + 1) ?? null,
    sourceLine: null,
  }));
}

function memberState(entries: readonly SettingEntry[], hba: string | null): MemberState {
  return {
    settings: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
    hba: hba === null ? null : bareRules(hba),
  };
}

function captureOf(
  parts: ManagedParts,
  { scope, document }: Owned,
  leader: Member,
  { state: seen, catalogs, dataDirectory, texts }: Seen,
  standbys: Awaited<ReturnType<typeof readStandbys>>,
): Captured {
  const { owner, digest } = parts;
  const state = hasReadableFiles(owner) ? seen : asDeclared(owner, scope, document, seen);
  const { version, versionNum, systemIdentifier, inRecovery, startedAt } = state.server;
  const secrets: Record<string, string> = {};
  const remembered: typeof digest.fingerprint = (secret) => {
    const fingerprint = digest.fingerprint(secret);
    secrets[fingerprint] = secret;
    return fingerprint;
  };
  const files = new Map(viewsOf(scope, document, owner.places, texts).map((file) => [file.path, file]));
  const settings = ownEntries(parts, state);
  const sections = {
    server: { version, versionNum, systemIdentifier, dataDirectory: scope, inRecovery },
    files: fileEntries({ files, missing: [] }, versionNum, digest).map((entry) => ({ ...entry, mode: '' })),
    settings,
    roles: roleEntries(state, remembered),
    ...state.shared,
    catalogs,
  };
  const { config, hba, ident } = pathsIn(scope);
  return {
    snapshot: snapshotOf(sections, newHasher),
    files: bodiesOf(files),
    includeDirs: [],
    facts: {
      dataDirectory: scope,
      systemIdentifier,
      versionNum,
      contexts: Object.fromEntries(state.settings.map(({ name, context }) => [name, context])),
      paths: { config, hba, ident },
      listed: { folders: [], files: [] },
    },
    secrets,
    managed: {
      document,
      leader: { name: leader.name, dataDirectory, startedAt },
      members: {
        [leader.name]: memberState(settings, texts.hba),
        ...Object.fromEntries([...standbys].flatMap(([name, one]) => (one === null ? [] : [[name, one.state]]))),
      },
    },
    dirty: [
      ...dirtyReasons(state, nothingOnDisk).filter(
        ({ code }) => hasReadableFiles(owner) || code !== 'hba-would-not-load',
      ),
      ...waitingProblem(leader),
      ...[...standbys.values()].flatMap((one) => one?.problems ?? []),
      ...unreadProblems(
        catalogs.filter(({ database }) => !owner.closedDatabases.has(database)),
        state.shared.databases,
      ),
    ],
  };
}

function ofMember(name: string, problem: Problem): Problem {
  return { ...problem, message: `member ${name}: ${problem.message}` };
}

/** What stands on the command line the server itself does not say it waits for. */
function waitingProblem({ waiting, name }: Member): readonly Problem[] {
  if (waiting === null) return [];
  const which = waiting.length === 0 ? 'settings wait' : `${waiting.map((one) => `"${one}"`).join(', ')} waits`;
  return [
    {
      code: 'pending-restart',
      message: `${which} for a restart of member ${name}`,
      hint: 'Restart it through its owner, or take the change back there.',
    },
  ];
}
