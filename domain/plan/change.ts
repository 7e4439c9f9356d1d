/** Plans a `config` change: what will be written, what it takes, how risky it is; or every reason to refuse it, at once. */
import { editAutoConf } from '../conf/auto-conf.ts';
import type { ConfigChange } from '../change.ts';
import { hashOf } from '../snapshot/hash.ts';
import type { PlanSummary } from '../plan.ts';
import { lookAhead, valuesOf } from './ahead.ts';
import type { Overlay, PlanContext, PlannedFile } from './context.ts';
import { planFiles } from './files.ts';
import { fileItems, itemsOfSettings, plannedFiles } from './items.ts';
import { type AlterSystem, autoConfEdits, planSettings } from './settings.ts';
import { cappedItems, greatestEffect } from './summary.ts';
import type { Problem } from '../problem.ts';
import { type SqlRun, planSql, sqlDiff } from './sql.ts';
import { fileDecides, settingDecides } from './decides.ts';
import { type Raise, raisesIn } from '../standby.ts';
import { digests, emptiedProblems, restartProblems, textChanges, warningsOf } from './outcome.ts';
import { type RiskReason, accessReason, greatestRisk, restartReason } from './risk.ts';
import { capped, unifiedDiff } from './unified-diff.ts';

export type Planned =
  | {
      readonly kind: 'planned';
      readonly summary: PlanSummary;
      readonly files: readonly PlannedFile[];
      readonly alters: readonly AlterSystem[];
      readonly runs: readonly SqlRun[];
      /** What standbys must have as well, before its restart. */
      readonly raises: readonly Raise[];
      /** The files as they would be. */
      readonly overlay: Overlay;
      /** The values that the files would give, by lower-cased name. */
      readonly values: ReadonlyMap<string, string>;
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
  problems.push(...restartProblems(context, change, items), ...emptiedProblems(context, ahead.then, settings.emptied));
  if (isEmpty(change))
    problems.push({
      code: 'empty-change',
      message: 'the change holds nothing',
      hint: 'Give settings, hba, files or sql.',
    });
  if (problems.length > 0) return { kind: 'refused', problems };

  const accessible = items.some(
    ({ key, effect: takes }) => takes !== 'none' && key.startsWith('setting:') && settingDecides(key.slice(8)),
  );
  const deciding = files.filter(({ role }) => fileDecides(role));
  const reasons: readonly RiskReason[] = [
    ...(effect === 'restart' ? [restartReason] : []),
    ...(accessible || sql.runs.length > 0 ? [accessReason] : []),
    ...deciding.map(({ path }): RiskReason => ({ rule: 'access', text: `${path} decides who gets in` })),
  ];
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
    risk: greatestRisk(reasons),
    reasons,
    diff: capped(unifiedDiff(textChanges(context, files, overlay)) + sqlDiff(sql.runs)),
    warnings: [...warningsOf(context, items), ...sql.warnings],
  };
  const raises = effect === 'restart' ? raisesIn(context.settings, ahead.then) : [];
  return { kind: 'planned', summary, files, alters, runs: sql.runs, raises, overlay, values: valuesOf(ahead.then) };
}

function isEmpty({ settings, hba, files, sql }: ConfigChange): boolean {
  return [settings, hba, files, sql].every((part) => Object.keys(part ?? {}).length === 0);
}
