/** A change id for who names none: sortable, and unique enough that two pipelines do not meet. */
import { randomBytes } from 'node:crypto';

/** `apply-20240412-101500-3f9a2c`. */
export function newChangeId(
  kind: 'apply' | 'guard' | 'plan' | 'restore' | 'drift-revert' | 'accept' | 'rollout',
  now: Date = new Date(),
): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${kind}-${time}-${randomBytes(3).toString('hex')}`;
}
