/** Plans a change of a managed target: what PostgreSQL would say of it, then what its owner would make of it. Never writes. */
import type { Asked } from '../../domain/access/impact.ts';
import type { ConfigChange, SettingValue } from '../../domain/change.ts';
import { quoteConf } from '../../domain/conf/conf-file.ts';
import { flattenLiterals } from '../../domain/conf/settings.ts';
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { type Edit, type Json, type Path, valueAt } from '../../domain/managed/document.ts';
import { type Moved, type RestartOrder, restartOrder } from '../../domain/managed/restart-order.ts';
import { declaredName, declaredRules, pathsIn, sameRules, settingText } from '../../domain/managed/views.ts';
import { type Planned, planChange } from '../../domain/plan/change.ts';
import type { PlanContext, SqlContext } from '../../domain/plan/context.ts';
import { hashOf } from '../../domain/snapshot/hash.ts';
import { type ConfigFile, contentOf, textOf } from '../../domain/snapshot/files.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import { type Raise, standbySettings } from '../../domain/standby.ts';
import { statesOfPlan } from '../postgres/access.ts';
import { fileSetOf } from '../postgres/capture.ts';
import type { Parts } from '../postgres/parts.ts';
import { sqlContextOf, withRisk } from '../postgres/plan.ts';
import { type SettingRow, settingsQuery } from '../postgres/queries.ts';
import { effectiveRows, serverSettings } from '../postgres/server-state.ts';
import { raiseProblemsOf } from '../postgres/standbys.ts';
import { textProblems } from '../postgres/setting-problems.ts';
import type { Allowance, Captured, ChangeStep, ManagedState, PlannedChange } from '../target.ts';
import type { Considered, Declared, Member, Owned } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';

type Answer =
  | { readonly kind: 'planned'; readonly plan: PlannedChange }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export async function planManaged(
  parts: ManagedParts,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance,
  asked: readonly Asked[] = [],
): Promise<Answer> {
  const managed = managedOf(before);
  const owned = await parts.owner.read();
  const leader = parts.on(leaderOf(owned, parts.owner));
  const rows = await membersRows(parts, owned);
  const context = await contextOf(parts, before, change, allowance, owned);
  const planned = planChange(context, change);
  const considered = await parts.owner.consider(change, context.settings);
  const { notes, spellings } = considered;
  const refusals = [...(isDeclared(change) ? await parts.owner.obstacles() : []), ...considered.refusals];
  const named = new Set(refusals.map(({ message }) => message));
  if (planned.kind === 'refused' || refusals.length > 0) {
    const problems = planned.kind === 'refused' ? planned.problems.filter(({ code }) => !isOwners(code, refusals)) : [];
    return { kind: 'refused', problems: [...refusals, ...problems.filter(({ message }) => !named.has(message))] };
  }
  const edits = editsOf(parts, managed, change, planned, spellings);
  const problems = [
    ...shadows(parts, managed, planned, rows),
    ...hbaProblems(parts, managed, planned),
    ...pauseProblems(parts, owned, planned.summary),
    ...(await standbyProblems(parts, leader, planned.raises)),
  ];
  if (problems.length > 0) return { kind: 'refused', problems };
  const seen = await withRisk(leader, planned.summary, statesOfPlan(context, before, planned, null), asked);
  const summary: PlanSummary = {
    ...seen,
    hash: hashOf({ plan: seen.hash, edits }),
    warnings: [...seen.warnings, ...notes, ...warningsOf(parts, owned, seen, orderOf(context, planned))],
  };
  const steps = stepsOf(planned, edits, summary);
  const { systemIdentifier, dataDirectory } = before.facts;
  return { kind: 'planned', plan: { summary, server: { systemIdentifier, dataDirectory }, steps } };
}

/** Beside what goes by SQL. */
function isDeclared({ settings = {}, hba = [] }: ConfigChange): boolean {
  return hba.length > 0 || Object.keys(settings).length > 0;
}

/** A capture of a managed target is one. */
export function managedOf({ managed }: Captured): ManagedState {
  if (managed === undefined) throw new TypeError('the capture is not of a managed target');
  return managed;
}

/** What the owner says is not said a second time in PostgreSQL's words. */
function isOwners(code: string, refusals: readonly Problem[]): boolean {
  return refusals.length > 0 && (code === 'setting-overridden' || code === 'path-outside' || code === 'no-such-folder');
}

/** As `planOn` has it, with the owner's document in the place of the files. */
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

function editsOf(
  { owner }: ManagedParts,
  { document }: ManagedState,
  { settings = {} }: ConfigChange,
  { alters, files }: Extract<Planned, { kind: 'planned' }>,
  spellings: Considered['spellings'],
): readonly Edit[] {
  const edit = (path: Path, to: Json): Edit => ({ path, from: valueAt(document, path), to });
  const asked = new Map(Object.entries(settings).map(([name, value]) => [name.toLowerCase(), value]));
  const { parameters, hba } = owner.places;
  const paths = files.filter(({ role }) => role === 'hba');
  return [
    ...alters.map(({ name, literals }) => {
      const own = spellings.get(name.toLowerCase());
      return edit(
        [...parameters, own?.name ?? declaredName(document, owner.places, name)],
        own !== undefined ? own.value : literals === null ? null : jsonOf(name, asked.get(name.toLowerCase()) ?? null),
      );
    }),
    ...(hba === null ? [] : paths.map(({ after }) => edit(hba, linesOf(after ?? '')))),
  ];
}

/** A list is one text, as PostgreSQL reads it from a file. */
function jsonOf(name: string, value: SettingValue | null): Json {
  if (value === null || typeof value !== 'object') return value;
  return flattenLiterals(name, value.map(String));
}

function linesOf(content: string): readonly string[] {
  const text = textOf(content) ?? content;
  return text.replace(/\n+$/, '').split('\n');
}

/** Every running member's rows, by lower-cased name; the leader's among them. */
async function membersRows(
  { on }: ManagedParts,
  { members }: Owned,
): Promise<readonly { readonly member: Member; readonly rows: ReadonlyMap<string, SettingRow> }[]> {
  const reached = members.filter((member) => member.reached);
  return Promise.all(
    reached.map(async (member) => {
      const rows = await on(member).sql.any((session) =>
        session.rows<SettingRow & Record<string, unknown>>(settingsQuery),
      );
      return { member, rows: new Map(rows.map((row) => [row.name.toLowerCase(), row])) };
    }),
  );
}

function shadows(
  { owner }: ManagedParts,
  { document }: ManagedState,
  { alters }: Extract<Planned, { kind: 'planned' }>,
  members: Awaited<ReturnType<typeof membersRows>>,
): readonly Problem[] {
  return alters.flatMap(({ name }) =>
    members.flatMap(({ member, rows }) => {
      const row = rows.get(name.toLowerCase());
      if (row === undefined) return [];
      const said = settingText(
        valueAt(document, [...owner.places.parameters, declaredName(document, owner.places, name)]),
      );
      return owner.shadow(row, declaredAs(row, said), member.name) ?? [];
    }),
  );
}

function declaredAs(row: SettingRow, said: string | null): Declared {
  if (said === null) return 'no';
  const value = normaliseValue(row, contentOf(said));
  // What waits for a restart, or cannot be told, speaks for no other source.
  if (row.pendingRestart || !value.ok || row.vartype === 'string') return 'in-force';
  return value.value === row.setting ? 'in-force' : 'otherwise';
}

/** Rules that are not declared, or are outranked on a member, nobody could take back by declaring the old ones. */
function hbaProblems(
  { owner }: ManagedParts,
  { document, members }: ManagedState,
  { files }: Extract<Planned, { kind: 'planned' }>,
): readonly Problem[] {
  if (!files.some(({ role }) => role === 'hba')) return [];
  const rules = declaredRules(document, owner.places);
  if (rules === null)
    return [
      {
        code: 'hba-not-declared',
        message: `the rules of pg_hba.conf are not declared through ${owner.title}`,
        detail: 'They stand in the file of each member; declared once, they could not be taken back to that.',
        hint: 'Declare the rules as they are (for Patroni: postgresql.pg_hba in "patronictl edit-config"), then change them.',
      },
    ];
  const others = Object.entries(members).filter(([, { hba }]) => hba !== null && !sameRules(rules, hba));
  return others.map(([name]): Problem => ({
    code: 'hba-overridden',
    message: `member ${name} has other rules in pg_hba.conf than those that are declared`,
    detail: 'Its own configuration outranks them, or it has not taken them yet.',
    hint: `Take postgresql.pg_hba out of that member's own configuration.`,
  }));
}

/** Of those that are no members: the order of restarts does nothing for them. */
export async function standbyProblems(
  { owner }: ManagedParts,
  leader: Parts,
  raises: readonly Raise[],
): Promise<readonly Problem[]> {
  return owner.hasAllStandbys ? [] : raiseProblemsOf(leader, raises);
}

export function pauseProblems({ owner }: ManagedParts, { paused }: Owned, { effect }: PlanSummary): readonly Problem[] {
  if (!paused || effect !== 'restart') return [];
  return [
    {
      code: 'owner-paused',
      message: `${owner.title} is paused, and the change needs restarts`,
      detail: 'Whoever has paused it wants no server stopped, and no failover should one not come back.',
      hint: 'Resume it first.',
    },
  ];
}

export function warningsOf(
  { owner }: ManagedParts,
  { paused, members }: Owned,
  { effect }: PlanSummary,
  order: RestartOrder,
): readonly string[] {
  const away = members.filter(({ reached }) => !reached);
  return [
    ...(effect === 'restart' ? [`members are restarted one after the other: ${inOrder(members, order)}`] : []),
    ...(paused && effect !== 'none'
      ? [`${owner.title} is paused: what is declared is loaded all the same, and nobody fails over`]
      : []),
    ...away.map(
      ({ name, state }) => `member ${name} is ${state}: it takes the change once it is back, and a revert waits for it`,
    ),
  ];
}

function inOrder(members: readonly Member[], order: RestartOrder): string {
  const reached = members.filter((member) => member.reached);
  const of = (role: Member['role']): readonly string[] =>
    reached.filter((member) => member.role === role).map(({ name }) => (role === 'leader' ? `${name} (leader)` : name));
  const rounds = order === 'leader-first' ? [...of('leader'), ...of('standby')] : [...of('standby'), ...of('leader')];
  return rounds.join(', ');
}

/** By what the settings that bind standbys would become. */
export function orderOf(
  { settings }: Pick<PlanContext, 'settings'>,
  { values }: Pick<Extract<Planned, { kind: 'planned' }>, 'values'>,
): RestartOrder {
  return restartOrder(
    standbySettings.flatMap((name): Moved[] => {
      const known = settings.get(name);
      const to = known === undefined ? null : normaliseValue(known, values.get(name) ?? known.bootVal ?? known.value);
      return known === undefined || to?.ok !== true ? [] : [{ name, from: Number(known.value), to: Number(to.value) }];
    }),
  );
}

/** SQL fails most easily, and as a whole: it comes first, while nothing else has been written yet. */
function stepsOf(
  { runs }: Extract<Planned, { kind: 'planned' }>,
  edits: readonly Edit[],
  { effect }: PlanSummary,
): readonly ChangeStep[] {
  const declare: readonly ChangeStep[] = edits.length === 0 ? [] : [{ do: 'declare', edits }];
  return [
    ...runs.map((run): ChangeStep => ({ do: 'sql', ...run })),
    ...declare,
    ...(effect === 'restart' ? [{ do: 'restart' } as const] : []),
  ];
}
