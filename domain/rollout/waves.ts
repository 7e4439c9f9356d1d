/** Who comes when: the canary first, then waves of one size. */
import type { Problem } from '../problem.ts';
import { mostTargets, type RolloutRequest } from './rollout.ts';

export type Waves =
  | { readonly kind: 'waves'; readonly waves: readonly (readonly string[])[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export const usualSize = 20;

/** Every target in exactly one wave, in the order of `targets`; a canary that is named, in the order of its names. */
export function planWaves(targets: readonly string[], { canary = 1, waves = {} }: RolloutRequest): Waves {
  const problems: Problem[] = [];
  if (targets.length > mostTargets)
    problems.push({
      code: 'too-many-targets',
      message: `${targets.length} targets are selected, at most ${mostTargets} fit into one rollout`,
      hint: 'Roll out in parts, by labels.',
    });
  const first = typeof canary === 'number' ? targets.slice(0, canary) : canary;
  for (const name of first)
    if (!targets.includes(name))
      problems.push({
        code: 'canary-not-selected',
        message: `canary: target "${name}" is not among the selected ones`,
      });
  for (const name of new Set(first.filter((each, at) => first.indexOf(each) !== at)))
    problems.push({ code: 'target-twice', message: `canary: target "${name}" stands there twice` });
  if (problems.length > 0) return { kind: 'refused', problems };
  const rest = targets.filter((name) => !first.includes(name));
  const size = waves.size ?? usualSize;
  const others = Array.from({ length: Math.ceil(rest.length / size) }, (_, at) =>
    rest.slice(at * size, (at + 1) * size),
  );
  return { kind: 'waves', waves: [first, ...others].filter((wave) => wave.length > 0) };
}
