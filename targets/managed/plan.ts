/** Plans a change of a managed target: what PostgreSQL would say of it, then what its owner would make of it. Never writes. */
import type { Asked } from '../../domain/access/impact.ts';
import type { ConfigChange, SettingValue } from '../../domain/change.ts';
import { flattenLiterals } from '../../domain/conf/settings.ts';
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { type Edit, type Json, type Path, valueAt } from '../../domain/managed/document.ts';
import { type Moved, type RestartOrder, restartOrder } from '../../domain/managed/restart-order.ts';
import { declaredName } from '../../domain/managed/views.ts';
import { type Planned, planChange } from '../../domain/plan/change.ts';
import type { PlanContext } from '../../domain/plan/context.ts';
import { hashOf } from '../../domain/snapshot/hash.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import { standbySettings } from '../../domain/standby.ts';
import { statesOfPlan } from '../postgres/access.ts';
import { withRisk } from '../postgres/plan.ts';
import type { Allowance, Captured, ChangeStep, ManagedState, PlannedChange } from '../target.ts';
import { contextOf, managedOf } from './context.ts';
import { linesOf } from './keep-closed.ts';
import { hbaProblems, membersRows, pauseProblems, shadows, standbyProblems, warningsOf } from './objections.ts';
import type { Considered } from './owner.ts';
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

/** What the owner says is not said a second time in PostgreSQL's words. */
function isOwners(code: string, refusals: readonly Problem[]): boolean {
  return refusals.length > 0 && (code === 'setting-overridden' || code === 'path-outside' || code === 'no-such-folder');
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
