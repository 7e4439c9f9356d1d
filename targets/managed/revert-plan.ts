/** What a revert of a managed target would do: three-way decisions over what is declared, and over what SQL says. */
import { effectOfContext, holdsSecret } from '../../domain/conf/settings.ts';
import { type Json, edited, pathText, sameValue, valueAt } from '../../domain/managed/document.ts';
import { type Decision, editsOf, planDocumentBack } from '../../domain/managed/three-way.ts';
import { pathsIn, settingText, viewsOf } from '../../domain/managed/views.ts';
import { greatestEffect } from '../../domain/plan/summary.ts';
import { sqlDiff } from '../../domain/plan/sql.ts';
import { wholeDiff } from '../../domain/plan/unified-diff.ts';
import { nothingClosed } from '../../domain/never-reopen.ts';
import type { Problem } from '../../domain/problem.ts';
import type { RevertItem } from '../../domain/plan.ts';
import { textOf } from '../../domain/snapshot/files.ts';
import { redact } from '../../domain/snapshot/redact.ts';
import { runsOf } from '../postgres/revert-preview.ts';
import { planSqlBack } from '../postgres/revert-sql.ts';
import type { Captured, RevertAs, RevertPreview } from '../target.ts';
import { lookManaged } from './capture.ts';
import { checkOwned } from './identity.ts';
import { closeRules, withoutRuleMarks } from './keep-closed.ts';
import type { Owned } from './owner.ts';
import type { ManagedParts } from './parts.ts';
import { managedOf } from './context.ts';

export interface DecidedBack {
  readonly decisions: readonly Decision[];
  /** What stays closed by it. */
  readonly held: readonly Problem[];
}

export function decisionsOf(
  { owner }: ManagedParts,
  before: Captured,
  change: Captured | null,
  { document }: Owned,
  as?: RevertAs,
): DecidedBack {
  const { changeId: id = '', neverReopen: list = nothingClosed } = as ?? {};
  const live = withoutRuleMarks(owner, document, id);
  const was = managedOf(before).document;
  const planned = planDocumentBack(was, change === null ? null : managedOf(change).document, live);
  return closeRules(owner, planned, { before, change, document, list, id });
}

export async function planManagedBack(
  parts: ManagedParts,
  before: Captured,
  change: Captured | null,
  as?: RevertAs,
): Promise<readonly RevertItem[]> {
  return (await previewManagedBack(parts, before, change, as)).items;
}

export async function previewManagedBack(
  parts: ManagedParts,
  before: Captured,
  change: Captured | null,
  as?: RevertAs,
): Promise<RevertPreview> {
  const owned = await parts.owner.read();
  checkOwned(owned, before.facts);
  const live = await lookManaged(parts).catch(() => null);
  const { decisions, held: rules } = decisionsOf(parts, before, change, owned, as);
  const { units, held } = planSqlBack(before, change, live?.captured ?? null, as?.neverReopen);
  const items = [...itemsOf(parts, before, decisions), ...units.flatMap((unit) => unit.items)];
  const diff = documentDiff(parts, before, owned, decisions) + sqlDiff(runsOf(units));
  return { items, effect: greatestEffect(items), diff, held: [...rules, ...held] };
}

export function itemsOf(parts: ManagedParts, before: Captured, decisions: readonly Decision[]): readonly RevertItem[] {
  return decisions.map((decision) => itemOf(parts, before, decision));
}

function itemOf({ owner, digest }: ManagedParts, { facts }: Captured, made: Decision): RevertItem {
  const { path, from, to, decision, note } = made;
  const writes = !sameValue(from, to);
  const common = { decision, ...(note === undefined ? {} : { note }) };
  const { parameters, hba } = owner.places;
  if (hba !== null && pathText(path) === pathText(hba)) {
    const file = pathsIn(facts.dataDirectory).hba;
    const summary = `${file}: ${!writes ? 'as it should be' : decision === 'merge' ? 'merged: the change is taken back, later edits stay' : 'restored'}`;
    const [action, effect] = writes ? (['write', 'reconnect'] as const) : (['none', 'none'] as const);
    return { key: `file:${file}`, section: 'files', action, effect, summary, ...common };
  }
  const isSetting = path.length === parameters.length + 1 && parameters.every((key, at) => key === path[at]);
  const name = isSetting ? (path.at(-1) ?? '') : pathText(path);
  const shown = (value: Json): string => {
    const text = settingText(value);
    if (text === null) return 'not declared';
    return holdsSecret(name)
      ? `<secret ${digest.fingerprint(text)}>`
      : typeof value === 'object'
        ? JSON.stringify(value)
        : text;
  };
  const context = facts.contexts[name.toLowerCase()] ?? facts.contexts[name] ?? 'sighup';
  return {
    key: isSetting ? `setting:${name}` : `declared:${name}`,
    section: isSetting ? 'settings' : 'files',
    action: !writes ? 'none' : to === null ? 'reset' : 'set',
    effect: !writes ? 'none' : isSetting ? effectOfContext(context) : 'reload',
    summary: writes ? `${name}: ${shown(from)} → ${shown(to)}` : `${name}: ${shown(to)}, as it should be`,
    ...common,
  };
}

function documentDiff(
  { owner, digest }: ManagedParts,
  { facts }: Captured,
  { scope, document }: Owned,
  decisions: readonly Decision[],
): string {
  const rules = owner.places.hba;
  const views = (of: typeof document): ReadonlyMap<string, string> => {
    const declared = rules === null ? null : valueAt(of, rules);
    const hba = Array.isArray(declared) ? `${declared.join('\n')}\n` : null;
    const files = viewsOf(scope, of, owner.places, { hba, ident: null });
    return new Map(
      files.map(({ path, role, content }) => [
        path,
        textOf(redact(role, content, facts.versionNum, digest.fingerprint).text) ?? content,
      ]),
    );
  };
  const [is, then] = [views(document), views(edited(document, editsOf(decisions)))];
  const paths = [...new Set([...is.keys(), ...then.keys()])].sort();
  return wholeDiff(paths.map((path) => ({ path, before: is.get(path) ?? null, after: then.get(path) ?? null })));
}
