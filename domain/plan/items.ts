/** The items of a planned change: one a file, one a setting whose value would differ. */
import { byCodeUnit } from '../snapshot/canonical.ts';
import { type ConfTree, effectiveAssignments } from '../conf/conf-tree.ts';
import { isAccessFile, isNamedFile, textOf } from '../snapshot/files.ts';
import type { PlanItem } from '../plan.ts';
import type { PlanContext, PlannedFile, ServerSetting } from './context.ts';
import { type AlterSystem, autoConfEdits } from './settings.ts';
import { effectOfContext, holdsSecret } from '../conf/settings.ts';
import { normaliseValue, showValue } from '../conf/setting-value.ts';

export function plannedFiles(
  context: PlanContext,
  overlay: ReadonlyMap<string, string | null>,
  roles: ReadonlyMap<string, PlannedFile['role']>,
): readonly PlannedFile[] {
  return [...overlay]
    .map(([path, after]): PlannedFile => {
      const before = context.before.get(path) ?? null;
      return { path, role: roles.get(path) ?? before?.role ?? 'include', before, after };
    })
    .filter(({ before, after }) => (before?.content ?? null) !== after)
    .sort((a, b) => byCodeUnit(a.path, b.path));
}

export function fileItems(
  files: readonly PlannedFile[],
  hbaSummaries: readonly string[],
  context: PlanContext,
): readonly PlanItem[] {
  return files.map(({ path, role, before, after }): PlanItem => {
    const action = after === null ? 'remove' : before === null ? 'create' : 'write';
    const said =
      path === context.paths.hba && hbaSummaries.length > 0
        ? hbaSummaries.join('; ')
        : { remove: 'remove', create: 'create', write: 'replace' }[action];
    return {
      key: `file:${path}`,
      section: 'files',
      action,
      effect: isAccessFile(role) || isNamedFile(role) ? 'reconnect' : 'reload',
      summary: `${path}: ${said}`,
    };
  });
}

/** Every setting whose value in the files differs then from now, and every one that the change names. */
export function itemsOfSettings(
  context: PlanContext,
  now: ConfTree,
  then: ConfTree,
  alters: readonly AlterSystem[],
): readonly PlanItem[] {
  const [was, is] = [effectiveAssignments(now), effectiveAssignments(then)];
  const nowAuto = new Map(
    now.assignments
      .filter(({ file }) => file === context.paths.auto)
      .map(({ name, value }) => [name.toLowerCase(), value]),
  );
  const edits = autoConfEdits(alters);
  return [...new Set([...was.keys(), ...is.keys(), ...edits.keys()])].sort(byCodeUnit).flatMap((key): PlanItem[] => {
    const [from, to, edit] = [was.get(key)?.value, is.get(key)?.value, edits.get(key)];
    const written = edit !== undefined && edit !== (nowAuto.get(key) ?? null);
    if (from === to && edit === undefined) return [];
    const known = context.settings.get(key);
    const [old, next] = [comparable(known, from), comparable(known, to)];
    const action =
      !written && from === to ? 'none' : (edit === undefined ? to === undefined : edit === null) ? 'reset' : 'set';
    const effect =
      old === next || known?.source === 'command line' ? 'none' : effectOfContext(known?.context ?? 'user');
    const name = known?.name ?? key;
    return [
      {
        key: `setting:${name}`,
        section: 'settings',
        action,
        effect,
        summary: `${name}: ${shown(context, known, name, old)} → ${shown(context, known, name, next)}`,
      },
    ];
  });
}

/** Unset is the built-in value; what the server cannot have told is compared as text. */
function comparable(known: ServerSetting | undefined, text: string | undefined): string {
  const unset = known?.source === 'configuration file' ? known.bootVal : known?.value;
  const said = text ?? unset ?? '';
  const normalised = known === undefined ? null : normaliseValue(known, said);
  return normalised?.ok ? normalised.value : said;
}

function shown(context: PlanContext, known: ServerSetting | undefined, name: string, value: string): string {
  if (holdsSecret(name)) return value === '' ? "''" : `<secret ${context.fingerprint(value)}>`;
  const text = textOf(value) ?? value;
  return showValue(known ?? { vartype: 'string', unit: null }, text);
}
