/** What a revert would do now, as a DBA would write it: a diff of files and the SQL. Writes nothing. */
import { greatestEffect } from '../../domain/plan/summary.ts';
import { sqlDiff } from '../../domain/plan/sql.ts';
import { type TextChange, wholeDiff } from '../../domain/plan/unified-diff.ts';
import type { RevertItem } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import type { SqlUnit } from '../../domain/revert/sql/unit.ts';
import type { FileRole } from '../../domain/snapshot.ts';
import { textOf } from '../../domain/snapshot/files.ts';
import { redact } from '../../domain/snapshot/redact.ts';
import type { Captured, RevertPreview } from '../target.ts';
import type { Parts } from './parts.ts';
import type { RevertPlan } from './revert-plan.ts';

export interface PlannedBack {
  readonly files: RevertPlan;
  readonly units: readonly SqlUnit[];
  readonly items: readonly RevertItem[];
  readonly held: readonly Problem[];
}

export function previewOf(
  { digest }: Parts,
  { files: { decisions, onDisk }, units, items, held }: PlannedBack,
  { facts }: Captured,
): RevertPreview {
  const shown = (role: FileRole, content: string | undefined): string | null => {
    if (content === undefined) return null;
    const { text } = redact(role, content, facts.versionNum, digest.fingerprint);
    return textOf(text) ?? `(${content.length} bytes that are no text)\n`;
  };
  const texts = decisions.map(({ path, role, want }): TextChange => ({
    path,
    before: shown(role, onDisk.files.get(path)?.content),
    after: shown(role, want?.content),
  }));
  return { items, effect: greatestEffect(items), diff: wholeDiff(texts) + sqlDiff(runsOf(units)), held };
}

export function runsOf(units: readonly SqlUnit[]): Parameters<typeof sqlDiff>[0] {
  const runs = new Map<string | null, string[]>();
  for (const { database, statements } of units)
    if (statements.length > 0)
      runs.set(database, [...(runs.get(database) ?? []), ...statements.map(({ shown }) => shown)]);
  return [...runs].map(([database, statements]) => ({ database, statements }));
}
