/** Which server is in the old one's place after an upgrade: asked over SQL, else found on this host by its port. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import type { ValueRule } from '../../domain/conf/setting-value.ts';
import type { Captured } from '../target.ts';
import { look, lookAtFiles } from './capture.ts';
import { autoConfOf, readFiles } from './capture-files.ts';
import { readControlFile } from './control-file.ts';
import type { Parts } from './parts.ts';
import { findPostmaster } from './postmaster.ts';
import { type PlacesRow, type ServerRow, placesQuery, serverQuery } from './queries.ts';
import type { Session } from './sql-channel.ts';
import { TargetError } from './target-error.ts';

type Facts = Captured['facts'];

export interface EngineNow {
  readonly captured: Captured;
  /** By lower-cased name; empty: it could not be asked. */
  readonly rules: ReadonlyMap<string, ValueRule>;
}

/** null: the old one, or none at all. Another one than the change left is told by what follows, which refuses it. */
export async function engineNow(parts: Parts, before: Facts, change: Captured | null): Promise<EngineNow | null> {
  const asked = await parts.sql.fresh(ask).catch((error: unknown) => {
    if (error instanceof TargetError) return null;
    throw error;
  });
  if (asked === null) {
    const silent = await silentEngine(parts, before, change);
    return silent === null ? null : { captured: silent, rules: new Map() };
  }
  if (isSame(before, asked)) return null;
  if (change !== null) return isSame(change.facts, asked) ? { captured: change, rules: asked.rules } : null;
  const { captured } = await look(parts.sql, parts.digest);
  return isSame(captured.facts, asked) ? { captured, rules: asked.rules } : null;
}

interface Identity {
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
}

export function isSame(a: Identity, b: Identity): boolean {
  return a.systemIdentifier === b.systemIdentifier && a.dataDirectory === b.dataDirectory;
}

async function ask(session: Session): Promise<Identity & Pick<EngineNow, 'rules'>> {
  const [server] = await session.rows<ServerRow & Record<string, unknown>>(serverQuery);
  const [places] = await session.rows<PlacesRow & Record<string, unknown>>(placesQuery);
  if (server === undefined || places === undefined) throw new TypeError('the server gave no row');
  const rules = await session.rows<ValueRule & { name: string }>(
    `select lower(name) as name, vartype, unit, min_val as "minVal", max_val as "maxVal", enumvals
       from pg_catalog.pg_settings`,
  );
  return {
    systemIdentifier: server.systemIdentifier,
    dataDirectory: places.dataDirectory,
    rules: new Map(rules.map((rule) => [rule.name, rule])),
  };
}

/** It lets the agent not in, or is down. */
async function silentEngine(parts: Parts, before: Facts, change: Captured | null): Promise<Captured | null> {
  const here = await dataDirectoryOn(parts.endpoint.port);
  if (here === before.dataDirectory && (await identifierIn(here)) === before.systemIdentifier) return null;
  // Down: what the change left is what a restart brings back.
  if (change !== null) {
    const left = isSame(before, change.facts) ? null : change;
    return here === null || here === change.facts.dataDirectory ? left : null;
  }
  const facts = here === null ? null : await factsOnDisk(here, before);
  if (facts === null) return null;
  const why = { code: 'sql-silent', message: 'the new server does not answer the agent' };
  return (await lookAtFiles(facts, why)).captured;
}

/** Of the server that listens on this port of this host, by its own postmaster.pid; null: none is found. */
async function dataDirectoryOn(port: number): Promise<string | null> {
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (!/^(postgres|postmaster)\b/.test(name)) continue;
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (folder === null) continue;
    const postmaster = await findPostmaster(folder);
    if (postmaster !== null && postmaster.pid === Number(pid) && postmaster.port === port) return folder;
  }
  return null;
}

async function identifierIn(dataDirectory: string): Promise<string | null> {
  const control = await readControlFile(dataDirectory);
  return control === null || control === 'missing' ? null : control.systemIdentifier;
}

/** Where a server of this data directory has its files, as far as the disk tells. */
async function factsOnDisk(dataDirectory: string, before: Facts): Promise<Facts | null> {
  const [systemIdentifier, version, options] = await Promise.all([
    identifierIn(dataDirectory),
    readFile(`${dataDirectory}/PG_VERSION`, 'utf8').catch(() => ''),
    readFile(`${dataDirectory}/postmaster.opts`, 'utf8').catch(() => ''),
  ]);
  if (systemIdentifier === null || !/^\d+\s*$/.test(version)) return null;
  const option = (name: string): string | null => new RegExp(`${name}=([^"'\\s]+)`).exec(options)?.[1] ?? null;
  const config = option('config_file') ?? `${dataDirectory}/postgresql.conf`;
  const versionNum = Number(version) * 10_000;
  const guess = {
    config,
    hba: option('hba_file') ?? `${dataDirectory}/pg_hba.conf`,
    ident: option('ident_file') ?? `${dataDirectory}/pg_ident.conf`,
  };
  const { files } = await readFiles({ dataDirectory, versionNum, paths: guess });
  const said = (name: string): string | null => {
    const text = [config, autoConfOf(dataDirectory)].map((path) => files.get(path)?.content ?? '').join('\n');
    return [...text.matchAll(new RegExp(`^\\s*${name}\\s*=?\\s*'([^']+)'`, 'gmi'))].at(-1)?.[1] ?? null;
  };
  return {
    dataDirectory,
    systemIdentifier,
    versionNum,
    contexts: before.contexts,
    paths: { config, hba: said('hba_file') ?? guess.hba, ident: said('ident_file') ?? guess.ident },
    listed: { folders: [], files: [] },
  };
}
