/** What every planned change has to say beside its items: restarts that it may not do, texts to compare, warnings. */
import { type ConfTree, effectiveAssignments } from '../conf/conf-tree.ts';
import { textOf } from '../snapshot/files.ts';
import type { PlanItem } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { standbySettings } from '../standby.ts';
import { redact } from '../snapshot/redact.ts';
import type { ConfigChange } from '../change.ts';
import type { PlanContext, PlannedFile } from './context.ts';
import type { TextChange } from './unified-diff.ts';

export function restartProblems(
  context: PlanContext,
  change: ConfigChange,
  items: readonly PlanItem[],
): readonly Problem[] {
  const needing = items.filter(({ effect }) => effect === 'restart').map(({ key }) => key.slice('setting:'.length));
  if (needing.length === 0) return [];
  if ((change.restart ?? 'forbidden') === 'forbidden')
    return [
      {
        code: 'restart-forbidden',
        message: `the change needs a restart of the server, which it forbids`,
        detail: `Only a restart changes: ${needing.join(', ')}.`,
        hint: 'Say "restart: allowed" in the change.',
      },
    ];
  if (!context.canRestart)
    return [
      {
        code: 'no-restart-command',
        message: 'this agent cannot restart the server',
        detail: `Only a restart changes: ${needing.join(', ')}.`,
        hint: 'Give the agent a restart command in its agent.yaml.',
      },
    ];
  return [];
}

/** An empty literal bricks a server with some lists, so emptying is unsetting: refused where that leaves something. */
export function emptiedProblems(context: PlanContext, then: ConfTree, emptied: readonly string[]): readonly Problem[] {
  const assigned = effectiveAssignments(then);
  return emptied.flatMap((name): Problem[] => {
    const found = assigned.get(name.toLowerCase());
    const value = found?.value ?? context.settings.get(name.toLowerCase())?.bootVal ?? '';
    if (value === '') return [];
    return [
      {
        code: 'cannot-be-emptied',
        message: `setting "${name}" cannot be emptied by ALTER SYSTEM`,
        detail: `Unset it is ${value}${found === undefined ? ', its built-in value' : `, by ${found.file} line ${found.line}`}.`,
        hint: `Give the file with the line ${name} = ''.`,
      },
    ];
  });
}

export function digests(context: PlanContext, { path, role, before, after }: PlannedFile): readonly (string | null)[] {
  return [
    path,
    before === null ? null : context.digest(before.role, before.content),
    after === null ? null : context.digest(role, after),
  ];
}

export function textChanges(
  context: PlanContext,
  files: readonly PlannedFile[],
  overlay: ReadonlyMap<string, string | null>,
): readonly TextChange[] {
  const text = (role: PlannedFile['role'], content: string | null | undefined): string | null => {
    if (content === null || content === undefined) return null;
    const redacted = redact(role, content, context.versionNum, context.fingerprint).text;
    return textOf(redacted) ?? `(${content.length} bytes that are no text, ${context.digest(role, content)})\n`;
  };
  const changes = files.map(({ path, role, before, after }) => ({
    path,
    before: text(before?.role ?? role, before?.content),
    after: text(role, after),
  }));
  const { auto } = context.paths;
  if (!overlay.has(auto) || files.some(({ path }) => path === auto)) return changes;
  return [
    ...changes,
    { path: auto, before: text('auto', context.before.get(auto)?.content), after: text('auto', overlay.get(auto)) },
  ];
}

export function warningsOf(context: PlanContext, items: readonly PlanItem[]): readonly string[] {
  const takesEffect = (name: string): boolean =>
    items.some(({ key, effect }) => key === `setting:${name}` && effect !== 'none');
  const warnings: string[] = [];
  if (items.every(({ action }) => action === 'none'))
    warnings.push('everything is as the change asks already: nothing will be written');
  if (takesEffect('port') || takesEffect('listen_addresses'))
    warnings.push('the server will listen elsewhere: whoever connects to the old address is cut off');
  const raised = standbySettings.filter(takesEffect);
  if (raised.length > 0 && context.standbys.length > 0)
    warnings.push(
      `${raised.join(', ')}: standbys (${context.standbys.join(', ')}) must have at least as much; raise it there first, lower it there last, once they have replayed past the restart here`,
    );
  for (const { key, action } of items) {
    const known = key.startsWith('setting:')
      ? context.settings.get(key.slice('setting:'.length).toLowerCase())
      : undefined;
    if (known?.source === 'command line' && action !== 'none')
      warnings.push(`${known.name} stands on the server's command line: what the files say has no effect`);
  }
  return warnings;
}
