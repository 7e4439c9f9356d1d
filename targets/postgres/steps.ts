/** The steps of a plan in the order in which nothing ever names what is not there, and what makes them take effect. */
import type { Effect } from '../../domain/phase.ts';
import type { PlannedFile } from '../../domain/plan/context.ts';
import type { FileState } from '../../domain/snapshot/files.ts';
import type { ChangeStep } from '../target.ts';
import type { Parts } from './parts.ts';

/** New files before those that may include them, removals after those that did; `between` before the removals. */
export function fileSteps(
  parts: Parts,
  versionNum: number,
  files: readonly (PlannedFile & { readonly want?: FileState | null })[],
  between: readonly ChangeStep[] = [],
): readonly ChangeStep[] {
  const digestOf = ({ before }: PlannedFile): string | null =>
    before === null ? null : parts.digest.digest(before.role, before.content, versionNum);
  const writes = files.flatMap((file): ChangeStep[] => {
    const { path, after, want } = file;
    if (after === null) return [];
    const base64 = Buffer.from(after, 'latin1').toString('base64');
    const owned = want && { owned: { mode: want.mode, uid: want.uid, gid: want.gid } };
    return [{ do: 'write-file', path, base64, expectDigest: digestOf(file), ...owned }];
  });
  const removals = files.flatMap((file): ChangeStep[] => {
    const digest = digestOf(file);
    return file.after !== null || digest === null ? [] : [{ do: 'remove-file', path: file.path, expectDigest: digest }];
  });
  const isNew = (step: ChangeStep): boolean => step.do === 'write-file' && step.expectDigest === null;
  return [...writes.filter(isNew), ...writes.filter((step) => !isNew(step)), ...between, ...removals];
}

/** `before`: steps that take effect by themselves. */
export function withActivation(
  before: readonly ChangeStep[],
  onDisk: readonly ChangeStep[],
  effect: Effect,
): readonly ChangeStep[] {
  const steps = [...before, ...onDisk];
  if (effect === 'restart') return [...steps, { do: 'restart' }];
  return onDisk.length === 0 ? steps : [...steps, { do: 'reload' }];
}
