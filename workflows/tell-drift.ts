/** Tells people of drift, as knowngood.yaml has it now, and ends what is being told of the drift before it. */
import { isOfDrift } from '../domain/drift/notice.ts';
import type { RememberedDrift } from '../domain/drift/telling.ts';
import type { Notice } from '../domain/notify/notice.ts';
import { deliveryOf } from '../domain/notify/plan.ts';
import { orchestrator } from './steps.ts';
import { endNotice, tellPeople } from './telling.ts';

/**
 * `before`: keys of notices that may still call people. Answers with those that do from now on. What is less than critical
 * silences none of them: a changed mode or a copied file makes a drift look as if it were not in force.
 */
export async function tellDrift(
  notice: Notice,
  before: readonly string[],
  drift: Pick<RememberedDrift, 'target' | 'id'> | null = null,
): Promise<readonly string[]> {
  const plan = await orchestrator('whom to tell').notifyPlan({ target: notice.target });
  const told =
    plan === null
      ? 'nobody'
      : await tellPeople(notice, deliveryOf(plan, notice), {
          changeWorkflowId: null,
          hasEnd: notice.severity === 'critical',
        });
  const isCritical = notice.severity === 'critical';
  const ended = isCritical || notice.kind === 'drift-gone' ? before.filter((key) => key !== notice.key) : [];
  const goesOn = (key: string): boolean => isCritical && drift !== null && isOfDrift(key, drift);
  await Promise.all(ended.map((key) => endNotice(key, goesOn(key) ? 'goes-on' : 'over')));
  const begun = told !== 'nobody' && isCritical ? [notice.key] : [];
  return [...begun, ...before.filter((key) => !ended.includes(key) && !begun.includes(key))];
}
