/** Names that several modules of the chaos test use. */
import { join } from 'node:path';
import { packageRoot } from '../../worker/stack/package-root.ts';

export const targetName = 'chaos-db';

export function changeIdOf({ seed, index }: { readonly seed: number; readonly index: number }): string {
  return `s${seed}-k${index}`;
}

/** Plain JavaScript and bundled sources are where they are, whether the test itself was compiled or not. */
export const inSources = (...path: readonly string[]): string => join(packageRoot, 'test', 'chaos', ...path);
export const changeMain = inSources('change-main.mjs');
export const oldTaskWorkflow = inSources('faults', 'old-task-workflow.ts');
export const diskHook = inSources('disk-hook.mjs');
export const crashHook = inSources('steps', 'crash-hook.mjs');
