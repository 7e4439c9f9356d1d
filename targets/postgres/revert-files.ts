/** Puts files back, all at once, each one atomically and only while it is as the plan saw it. */
import { type FileState } from '../../domain/snapshot/files.ts';
import type { Problem } from '../../domain/problem.ts';
import { type FileDecision, isMerge, sameState } from '../../domain/revert/plan.ts';
import type { Fence } from '../target.ts';
import { readConfigFile } from './disk.ts';
import type { RevertPlan } from './revert-plan.ts';
import { TargetError } from './target-error.ts';
import { rememberMerge } from './merge-record.ts';
import { removeFile, replaceFile } from './write-file.ts';

/** Somebody wrote a file between our look and our write: the plan must be made again. */
class Moved extends Error {}

export interface FilesBack {
  /** One a file that could not be written. */
  readonly problems: readonly Problem[];
  /** Plan again: a file moved meanwhile. */
  readonly moved: boolean;
}

/** A file that cannot be written keeps none of the others from being put back. A fence that closes stops everything. */
export async function putBack(
  { decisions, onDisk, before }: RevertPlan,
  changeId: string,
  fence: Fence,
): Promise<FilesBack> {
  const results = await Promise.allSettled(
    decisions.map((decision) =>
      one(decision, onDisk.files.get(decision.path) ?? null, before.get(decision.path) ?? null, changeId, fence),
    ),
  );
  const errors = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  const unforeseen = errors.find((error) => !(error instanceof TargetError) && !(error instanceof Moved));
  if (unforeseen !== undefined) throw unforeseen;
  return {
    problems: errors.flatMap((error) => (error instanceof TargetError ? error.problems : [])),
    moved: errors.some((error) => error instanceof Moved),
  };
}

async function one(
  decision: FileDecision,
  live: FileState | null,
  before: FileState | null,
  changeId: string,
  fence: Fence,
): Promise<void> {
  const { path, want, keep } = decision;
  if (sameState(want, live)) return;
  const guard = async (): Promise<void> => {
    await fence();
    if (!sameState(await readConfigFile(path), live)) throw new Moved(path);
  };
  if (keep !== null) await replaceFile(besidePath(path, changeId), keep, fence);
  if (want === null) return removeFile(path, guard);
  if (isMerge(decision, before)) await rememberMerge(path, changeId, decision.otherwise ?? want, fence);
  return replaceFile(path, want, guard);
}

/** Not `*.conf`: no include_dir reads it. */
export function besidePath(path: string, changeId: string): string {
  return `${path}.knowngood-theirs-${changeId}`;
}
