/** What stands against a change of a managed target, and what is worth knowing before it. Never writes. */
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { valueAt } from '../../domain/managed/document.ts';
import type { RestartOrder } from '../../domain/managed/restart-order.ts';
import { declaredName, declaredRules, sameRules, settingText } from '../../domain/managed/views.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import type { Planned } from '../../domain/plan/change.ts';
import type { Problem } from '../../domain/problem.ts';
import { contentOf } from '../../domain/snapshot/files.ts';
import type { Raise } from '../../domain/standby.ts';
import type { Parts } from '../postgres/parts.ts';
import { type SettingRow, settingsQuery } from '../postgres/queries.ts';
import { raiseProblemsOf } from '../postgres/standbys.ts';
import type { ManagedState } from '../target.ts';
import type { Declared, Member, Owned } from './owner.ts';
import type { ManagedParts } from './parts.ts';

/** Every running member's rows, by lower-cased name; the leader's among them. */
export async function membersRows(
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

export function shadows(
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
export function hbaProblems(
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
