/** Plans made small enough for workflow history. */
import { type DiffItem, diffSnapshots, pairs } from '../snapshot/diff.ts';
import { hashOf } from '../snapshot/hash.ts';
import { type Effect, effects } from '../phase.ts';
import type { PlanItem, PlanSummary } from '../plan.ts';
import { effectOfContext } from '../conf/settings.ts';
import { decidesOrRuns } from './decides.ts';
import type { FileEntry, Snapshot } from '../snapshot.ts';
import { accessReason, greatestRisk, restartReason } from './risk.ts';
import { unifiedDiff } from './unified-diff.ts';

/** Items kept in a summary; people read no more, and history stays small. */
export const maxItems = 50;

export function greatestEffect(items: readonly { readonly effect: Effect }[]): Effect {
  return effects[Math.max(0, ...items.map(({ effect }) => effects.indexOf(effect)))] ?? 'none';
}

export function cappedItems<T extends PlanItem>(
  items: readonly T[],
): { readonly items: readonly T[]; readonly moreItems: number } {
  return { items: items.slice(0, maxItems), moreItems: Math.max(0, items.length - maxItems) };
}

/** What a change that Knowngood did not write itself did, seen from its two snapshots. */
export function planOfDiff(before: Snapshot, after: Snapshot): PlanSummary {
  const differences = diffSnapshots(before, after).filter(({ section }) => section !== 'server');
  const entries = new Map(
    pairs(before.sections.settings, after.sections.settings, 'name').map((pair) => [pair.id, pair]),
  );
  const roles = new Map([...before.sections.files, ...after.sections.files].map((file) => [file.path, file.role]));
  let accessChanged = false;
  const items = differences.map(({ key, section, kind, summary }): PlanItem => {
    const id = key.slice(key.indexOf(':') + 1);
    const access = decidesOrRuns(section, key, roles.get(id)) && !isNew(key, kind);
    const effect = section === 'settings' ? settingEffect(entries.get(id)) : effectOf(section, access);
    accessChanged ||= access;
    return { key, section: section as PlanItem['section'], action: actionOf(section, kind), effect, summary };
  });
  const effect = greatestEffect(items);
  const reasons = [...(effect === 'restart' ? [restartReason] : []), ...(accessChanged ? [accessReason] : [])];
  return {
    hash: hashOf({ before: before.id, after: after.id }),
    ...cappedItems(items),
    effect,
    risk: greatestRisk(reasons),
    reasons,
    diff: unifiedDiff(
      pairs(before.sections.files, after.sections.files, 'path').map(({ id, from, to }) => ({
        path: id,
        before: shown(from),
        after: shown(to),
      })),
    ),
    warnings: [],
  };
}

/** What comes new takes nothing from anybody. A new policy does. */
function isNew(key: string, kind: DiffItem['kind']): boolean {
  return key.startsWith('extension:') || (key.startsWith('object:') && kind === 'added');
}

/** Roles and databases are looked at when somebody connects, privileges whenever they are used. */
function effectOf(section: DiffItem['section'], accessFile: boolean): Effect {
  if (section === 'files') return accessFile ? 'reconnect' : 'reload';
  return section === 'roles' || section === 'databases' ? 'reconnect' : 'none';
}

type SettingPair = {
  readonly from: { readonly value: string; readonly context: string } | null;
  readonly to: { readonly value: string; readonly context: string } | null;
};

/** A value that merely stands elsewhere now takes nothing. */
function settingEffect(pair: SettingPair | undefined): Effect {
  if (pair === undefined || pair.from?.value === pair.to?.value) return 'none';
  return effectOfContext((pair.to ?? pair.from)?.context ?? 'internal');
}

function actionOf(section: string, kind: 'added' | 'removed' | 'changed'): PlanItem['action'] {
  if (section === 'files') return kind === 'added' ? 'create' : kind === 'removed' ? 'remove' : 'write';
  return kind === 'removed' ? 'reset' : 'set';
}

function shown(entry: FileEntry | null): string | null {
  return entry === null || entry.role === 'missing-include'
    ? null
    : (entry.text ?? `(${entry.sizeBytes} bytes, ${entry.digest})\n`);
}
