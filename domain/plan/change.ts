/** Plans a `config` change: what will be written, what it takes, how risky it is; or every reason to refuse it, at once. */
import { editAutoConf } from '../conf/auto-conf.ts';
import type { ConfigChange } from '../change.ts';
import { isAccessFile, isNamedFile, textOf } from '../snapshot/files.ts';
import { hashOf } from '../snapshot/hash.ts';
import type { PlanItem, PlanSummary } from '../plan.ts';
import { lookAhead } from './ahead.ts';
import type { PlanContext, PlannedFile } from './context.ts';
import { planFiles } from './files.ts';
import { fileItems, itemsOfSettings, plannedFiles } from './items.ts';
import { type AlterSystem, autoConfEdits, planSettings } from './settings.ts';
import { cappedItems, greatestEffect } from './summary.ts';
import type { Problem } from '../problem.ts';
import { type SqlRun, planSql, sqlDiff } from './sql.ts';
import { redact } from '../snapshot/redact.ts';
import { decidesAccess, isDangerous } from '../conf/settings.ts';
import { capped, unifiedDiff } from './unified-diff.ts';

export type Planned =
  | {
      readonly kind: 'planned';
      readonly summary: PlanSummary;
      readonly files: readonly PlannedFile[];
      readonly alters: readonly AlterSystem[];
      readonly runs: readonly SqlRun[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export function planChange(context: PlanContext, change: ConfigChange): Planned {
  const settings = planSettings(context, change.settings ?? {});
  const fromFiles = planFiles(context, change);
  const sql = planSql(context);
  const problems: Problem[] = [...settings.problems, ...fromFiles.problems, ...sql.problems];
  const auto = context.before.get(context.paths.auto)?.content ?? '';
  const edits = autoConfEdits(settings.alters);
  const overlay = new Map(fromFiles.overlay);
  if (edits.size > 0) overlay.set(context.paths.auto, editAutoConf(auto, edits));

  const ahead = lookAhead(context, overlay, edits.size > 0 ? context.paths.auto : null);
  // A setting that was refused above is not refused a second time for its line in postgresql.auto.conf.
  problems.push(
    ...ahead.problems.filter(
      ({ code, message }) => !problems.some((had) => had.code === code && message.startsWith(had.message)),
    ),
  );
  for (const { path } of fromFiles.unread)
    if (!ahead.roles.has(path) && overlay.get(path) !== null)
      problems.push({
        code: 'path-not-configuration',
        message: `file "${path}" would not be read by PostgreSQL`,
        hint: 'Put it into an include folder, or include it from postgresql.conf.',
      });

  const settingItems = itemsOfSettings(context, ahead.now, ahead.then, settings.alters);
  const files = plannedFiles(context, fromFiles.overlay, ahead.roles);
  const items = [...fileItems(files, fromFiles.hbaSummaries, context), ...settingItems, ...sql.items];
  const effect = greatestEffect(items);
  problems.push(...restartProblems(context, change, items));
  if (isEmpty(change))
    problems.push({
      code: 'empty-change',
      message: 'the change holds nothing',
      hint: 'Give settings, hba, files or sql.',
    });
  if (problems.length > 0) return { kind: 'refused', problems };

  const accessible = items.some(
    ({ key, effect: takes }) =>
      takes !== 'none' &&
      (key.startsWith('setting:') ? decidesAccess(key.slice(8)) || isDangerous(key.slice(8)) : false),
  );
  const decides = effect === 'restart' || accessible || sql.runs.length > 0;
  const high = decides || files.some(({ role }) => isAccessFile(role) || isNamedFile(role) || role === 'debian');
  const alters = settings.alters.filter(({ name }) =>
    items.some((item) => item.key === `setting:${name}` && item.action !== 'none'),
  );
  const summary: PlanSummary = {
    hash: hashOf({
      files: files.map((file) => digests(context, file)),
      alters,
      sql: sql.runs,
      items: items.map(({ key, action, effect: takes }) => [key, action, takes]),
    }),
    ...cappedItems(items),
    effect,
    risk: high ? 'high' : 'low',
    diff: capped(unifiedDiff(textChanges(context, files, overlay)) + sqlDiff(sql.runs)),
    warnings: [...warningsOf(context, items), ...sql.warnings],
  };
  return { kind: 'planned', summary, files, alters, runs: sql.runs };
}

function isEmpty({ settings, hba, files, sql }: ConfigChange): boolean {
  return [settings, hba, files, sql].every((part) => Object.keys(part ?? {}).length === 0);
}

function restartProblems(context: PlanContext, change: ConfigChange, items: readonly PlanItem[]): readonly Problem[] {
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

function digests(context: PlanContext, { path, role, before, after }: PlannedFile): readonly (string | null)[] {
  return [
    path,
    before === null ? null : context.digest(before.role, before.content),
    after === null ? null : context.digest(role, after),
  ];
}

function textChanges(
  context: PlanContext,
  files: readonly PlannedFile[],
  overlay: ReadonlyMap<string, string | null>,
): Parameters<typeof unifiedDiff>[0] {
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

/** A standby with less than its primary stops replaying, or does not start. */
const standbySettings = [
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_wal_senders',
  'max_worker_processes',
];

function warningsOf(context: PlanContext, items: readonly PlanItem[]): readonly string[] {
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
      `${raised.join(', ')}: standbys (${context.standbys.join(', ')}) must have at least as much; raise it there first, lower it there last`,
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
