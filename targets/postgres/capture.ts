/** Takes a snapshot: SQL on a fresh connection and the files on disk, read again when they changed meanwhile. */
import type { DatabaseCatalog } from '../../domain/catalog.ts';
import type { FileSet } from '../../domain/snapshot/files.ts';
import { modeText, textOf } from '../../domain/snapshot/files.ts';
import { snapshotOf } from '../../domain/snapshot/hash.ts';
import type { Problem } from '../../domain/problem.ts';
import { redact } from '../../domain/snapshot/redact.ts';
import type { FileEntry, Snapshot } from '../../domain/snapshot.ts';
import type { Captured, FileBody } from '../target.ts';
import { catalogsOf, readCatalogs } from './catalog/read-catalogs.ts';
import { unreadProblems } from './catalog/unread.ts';
import { type FilePlaces, type FilesOnDisk, checkOnHost, readFiles } from './capture-files.ts';
import { dirtyReasons } from './dirty.ts';
import { type Digester, newHasher } from './fingerprint.ts';
import {
  type ServerState,
  effectiveRows,
  readPlaces,
  readPrivileges,
  readServer,
  roleEntries,
  settingEntries,
} from './server-state.ts';
import type { PrivilegeRow } from './queries.ts';
import type { Session, SqlChannel } from './sql-channel.ts';
import { TargetError, messageOf } from './target-error.ts';
import { tlsFileProblems } from './tls-files.ts';
import { servedProblem } from './tls-served.ts';

/** Files that change faster than this many readings are somebody's work in progress. */
const maxReadings = 5;

export interface Look {
  readonly captured: Captured;
  /** null when SQL did not answer. */
  readonly state: ServerState | null;
  readonly onDisk: FilesOnDisk;
}

/** Throws a TargetError, whatever it was that failed. */
export async function look(sql: SqlChannel, digest: Digester, by: Way = 'fresh'): Promise<Look> {
  try {
    return await lookOver(sql, digest, by);
  } catch (error) {
    if (error instanceof TargetError) throw error;
    const problem = { code: 'snapshot-failed', message: 'the server could not be read', detail: messageOf(error) };
    throw new TargetError('TargetUnreachable', [problem], error);
  }
}

/** `open`: by the connection that is open already, where no new one is let in. It proves nothing. */
type Way = 'fresh' | 'open';

async function lookOver(sql: SqlChannel, digest: Digester, by: Way): Promise<Look> {
  const work = async (session: Session): Promise<Look> => {
    const privileges = await readPrivileges(session);
    const [catalogs, seen] = await readCatalogs(sql, session, () => readUntorn(session, privileges));
    const { state, onDisk } = seen;
    return { captured: captureOf(seen, catalogsOf(catalogs, state.shared.databases), digest), state, onDisk };
  };
  const seen = by === 'open' ? await sql.warm(work) : await sql.fresh(work);
  if (seen === null) throw new Error('no connection is open');
  return seen;
}

interface Seen {
  readonly state: ServerState;
  readonly places: FilePlaces;
  readonly onDisk: FilesOnDisk;
  readonly tls: readonly Problem[];
}

async function readUntorn(session: Session, privileges: PrivilegeRow): Promise<Seen> {
  const places = await readPlaces(session);
  let torn: readonly string[] = [];
  for (let reading = 1; reading <= maxReadings; reading += 1) {
    const onDisk = await readFiles(places);
    checkOnHost(places, onDisk);
    const state = await readServer(session, privileges);
    // What the server made of the files lies between two readings: if they stood still, all belong together.
    torn = await onDisk.disk.changed();
    if (torn.length === 0) return { state, places, onDisk, tls: await tlsProblems(state, places, onDisk) };
  }
  throw new TargetError('TargetUnreachable', [
    {
      code: 'torn-reading',
      message: `configuration files changed during ${maxReadings} readings in a row`,
      detail: `At last ${torn.join(', ')}. No two readings were the same, so none is a state to go back to.`,
      hint: 'Something keeps writing them: find out what, then try again.',
    },
  ]);
}

/** Without SQL: the files alone, by what is known from before. */
export async function lookAtFiles(facts: Captured['facts'], why: Problem): Promise<Look> {
  for (let reading = 1; ; reading += 1) {
    const onDisk = await readFiles(facts);
    if ((await onDisk.disk.changed()).length === 0 || reading === maxReadings)
      return {
        captured: {
          snapshot: null,
          files: bodiesOf(onDisk.files),
          includeDirs: onDisk.includeDirs,
          facts: { ...facts, listed: onDisk.listed },
          dirty: [why],
        },
        state: null,
        onDisk,
      };
  }
}

async function tlsProblems(
  { settings }: ServerState,
  places: FilePlaces,
  onDisk: FilesOnDisk,
): Promise<readonly Problem[]> {
  const on = settings.some(({ name, setting }) => name === 'ssl' && setting === 'on');
  const [files, served] = await Promise.all([
    tlsFileProblems(onDisk, places),
    servedProblem(onDisk, places.dataDirectory, on),
  ]);
  return served === null ? files : [...files, served];
}

function captureOf(
  { state, places, onDisk, tls }: Seen,
  catalogs: readonly DatabaseCatalog[],
  digest: Digester,
): Captured {
  const { version, versionNum, systemIdentifier, inRecovery, timeline } = state.server;
  const { dataDirectory, paths } = places;
  const secrets: Record<string, string> = {};
  const remembered: Digester['fingerprint'] = (secret) => {
    const fingerprint = digest.fingerprint(secret);
    secrets[fingerprint] = secret;
    return fingerprint;
  };
  const sections = {
    server: { version, versionNum, systemIdentifier, dataDirectory, inRecovery },
    files: fileEntries(onDisk, versionNum, digest),
    settings: settingEntries(effectiveRows(state), digest.fingerprint),
    roles: roleEntries(state, remembered),
    ...state.shared,
    catalogs,
  };
  const snapshot: Snapshot = snapshotOf(sections, newHasher);
  return {
    snapshot,
    files: bodiesOf(onDisk.files),
    includeDirs: onDisk.includeDirs,
    facts: {
      dataDirectory,
      systemIdentifier,
      versionNum,
      contexts: Object.fromEntries(state.settings.map(({ name, context }) => [name, context])),
      paths,
      ...(places.named === undefined ? {} : { named: places.named }),
      timeline,
      listed: onDisk.listed,
    },
    secrets,
    dirty: [...dirtyReasons(state, onDisk), ...tls, ...unreadProblems(catalogs, state.shared.databases)],
  };
}

export function fileEntries(
  { files, missing }: Pick<FilesOnDisk, 'files' | 'missing'>,
  versionNum: number,
  digest: Digester,
): readonly FileEntry[] {
  const present = [...files.values()].map(({ path, role, content, mode, uid, gid }): FileEntry => ({
    path,
    role,
    sizeBytes: content.length,
    mode: modeText(mode),
    uid,
    gid,
    digest: digest.digest(role, content, versionNum),
    text: role === 'secret' ? null : textOf(redact(role, content, versionNum, digest.fingerprint).text),
  }));
  const absent = missing.map((path): FileEntry => ({
    path,
    role: 'missing-include',
    sizeBytes: 0,
    mode: '',
    uid: -1,
    gid: -1,
    digest: 'absent',
    text: null,
  }));
  return [...present, ...absent];
}

export function bodiesOf(files: FileSet): readonly FileBody[] {
  return [...files.values()].map(({ path, role, content, mode, uid, gid }) => ({
    path,
    role,
    bytes: Buffer.from(content, 'latin1'),
    mode,
    uid,
    gid,
  }));
}

/** A capture's files as pure code takes them. */
export function fileSetOf({ files }: Pick<Captured, 'files'>): FileSet {
  return new Map(
    files.map(({ path, role, bytes, mode, uid, gid }) => [
      path,
      { path, role, content: bytes.toString('latin1'), mode, uid, gid },
    ]),
  );
}
