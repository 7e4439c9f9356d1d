/** What a rotation of the agent's key did. */
import type { Rotated } from '../../worker/rotate-key.ts';
import { type Colors, renderProblems } from './problem.ts';

export function renderRotated({ isNew, keyId, resealed, stillNeeded }: Rotated, colors: Colors): string {
  const what = isNew
    ? `the agent has a new key, ${keyId}`
    : `ended the rotation that had begun: the agent's key is ${keyId}`;
  const lines = [what, `sealed anew: ${resealed.here} here, ${resealed.inStore} in the store`];
  if (stillNeeded.length === 0)
    return [...lines, 'nothing is sealed with an older key any more: it is removed'].join('\n');
  return [
    ...lines,
    ...stillNeeded.flatMap(({ path, problem }) => [
      `kept, for what it still opens: ${path}`,
      renderProblems([problem], colors),
    ]),
  ].join('\n');
}
