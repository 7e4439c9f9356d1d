/** What is known before a change of how its checks will do: a comparison that its soak, or its window, is too short for. */
import type { CheckSpec } from '../check.ts';
import { formatDuration } from '../duration.ts';
import { comparedBy } from './compared.ts';

/** Plain sentences. */
export function foreseenOf(checks: readonly CheckSpec[], soakMs: number): readonly string[] {
  return checks.flatMap((check) => {
    const rule = comparedBy(check);
    if (rule === null) return [];
    const { name, intervalMs } = check;
    const needs = `check ${name} compares ${rule.samples} measurements, one every ${formatDuration(intervalMs)}`;
    const neededMs = rule.samples * intervalMs;
    const seenMs = neededMs + (rule.forMs ?? 0);
    const thin = check.kind === 'prometheus' && check.windowMs < neededMs;
    return [
      ...(thin
        ? [`${needs}; its window of ${formatDuration(check.windowMs)} holds fewer: the baseline will be red`]
        : []),
      ...(neededMs > soakMs
        ? [`${needs}; a soak of ${formatDuration(soakMs)} has fewer: it ends in a hold, never healthy`]
        : seenMs > soakMs
          ? [
              `${needs}, and waits ${formatDuration(rule.forMs ?? 0)}; a soak of ${formatDuration(soakMs)} is shorter: what gets worse may end in a hold, not in a revert`,
            ]
          : []),
    ];
  });
}
