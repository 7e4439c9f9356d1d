/** Lays what defaults, policy and target say about drift over each other. */
import type { DriftConfig } from '../domain/config.ts';
import { durationMs } from './policy.ts';
import type { PolicyInput } from './policy.schema.ts';

/** Short enough to be told before the next deployment, and rare enough that nobody notices it on the server. */
const usualEvery = '5m';

/** `layers` from weakest to strongest: `false` in the strongest one that says anything turns it off. */
export function resolveDrift(layers: readonly (PolicyInput | undefined)[]): DriftConfig | null {
  const said = layers.flatMap((layer) => (layer?.drift === undefined ? [] : [layer.drift]));
  if (said.at(-1) === false) return null;
  const on = said.filter((drift) => drift !== false);
  const every = on.findLast((drift) => drift.every !== undefined)?.every ?? usualEvery;
  return { everyMs: durationMs(every), ignore: on.findLast((drift) => drift.ignore !== undefined)?.ignore ?? [] };
}
