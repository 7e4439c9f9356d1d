/** What a change of a managed target is planned with: as `planOn` has it, with the owner's document in the place of the files. */
import type { ConfigChange } from '../../domain/change.ts';
import { quoteConf } from '../../domain/conf/conf-file.ts';
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { valueAt } from '../../domain/managed/document.ts';
import { declaredName, pathsIn } from '../../domain/managed/views.ts';
import type { PlanContext, SqlContext } from '../../domain/plan/context.ts';
import { type ConfigFile, contentOf } from '../../domain/snapshot/files.ts';
import { fileSetOf } from '../postgres/capture.ts';
import { sqlContextOf } from '../postgres/plan.ts';
import { type SettingRow, settingsQuery } from '../postgres/queries.ts';
import { effectiveRows, serverSettings } from '../postgres/server-state.ts';
import { textProblems } from '../postgres/setting-problems.ts';
import type { Allowance, Captured, ManagedState } from '../target.ts';
import type { Owned } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';

/** A capture of a managed target is one. */
export function managedOf({ managed }: Captured): ManagedState {
  if (managed === undefined) throw new TypeError('the capture is not of a managed target');
  return managed;
}

export async function contextOf(
  { owner, digest, on }: ManagedParts,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
  owned: Owned,
): Promise<PlanContext> {
  const { versionNum } = before.facts;
  const paths = pathsIn(before.facts.dataDirectory);
  const { document } = managedOf(before);
  const leader = on(leaderOf(owned, owner));
  const { settings, serverProblems, sql } = await leader.sql.any(async (session) => {
    const found = await session.rows<SettingRow & Record<string, unknown>>(settingsQuery);
    const known = serverSettings(
      effectiveRows({ settings: found, fileSettings: [] }).map((row) => asDeclared(row, owner.passed)),
    );
    return {
      settings: known,
      serverProblems: await textProblems(session, known, change.settings ?? {}),
      sql: await sqlContextOf(session, leader, before, change, allowance),
    };
  });
  const elsewhere = [...settings.values()].filter(
    ({ name, source }) =>
      source === 'configuration file' &&
      !owner.memberOwn.has(name) &&
      !Object.hasOwn(owner.passed, name) &&
      valueAt(document, [...owner.places.parameters, declaredName(document, owner.places, name)]) === null,
  );
  const main: ConfigFile = {
    path: paths.config,
    role: 'main',
    content: elsewhere.map(({ name, value }) => `${name} = ${quoteConf(contentOf(value))}\n`).join(''),
    mode: 0,
    uid: -1,
    gid: -1,
  };
  return {
    versionNum,
    settings,
    before: new Map([...fileSetOf(before), [main.path, main]]),
    paths,
    disk: { read: () => null, list: () => null },
    resolve: (path) => ({ path, inside: false, exists: false, parentExists: false, allowed: false }),
    allowedSettings: allowance.settings,
    canRestart: true,
    // The owner's members, and in which order they go is known here: nobody needs to be told.
    standbys: [],
    digest: (role, content) => digest.digest(role, content, versionNum),
    fingerprint: digest.fingerprint,
    serverProblems,
    sql: sql satisfies SqlContext,
  };
}

/** What the owner passes on the command line comes from the document, and goes back to what it passes by itself. */
function asDeclared(row: SettingRow, passed: Readonly<Record<string, string>>): SettingRow {
  const usual = Object.hasOwn(passed, row.name) ? passed[row.name] : undefined;
  if (usual === undefined) return row;
  const value = normaliseValue(row, usual);
  return { ...row, source: 'configuration file', bootVal: value.ok ? value.value : usual };
}
