/** Tells people of drift, as knowngood.yaml has it now, and ends what is being told of the drift before it. */
import { isOfDrift } from '../domain/drift/notice.ts';
import type { RememberedDrift } from '../domain/drift/telling.ts';
import type { Notice } from '../domain/notify/notice.ts';
import { deliveryOf, heardAtOnce } from '../domain/notify/plan.ts';
import { orchestrator } from './steps.ts';
import { endNotice, tellPeople } from './telling.ts';

interface Before {
  /** Keys of notices that may still call people. */
  readonly ringing: readonly string[];
  /** null: the notice is of no drift. */
  readonly drift: Pick<RememberedDrift, 'target' | 'id'> | null;
  /** It still drifts, and no dependent loses access by it. */
  readonly isHarmless: boolean;
}

const nothingBefore: Before = { ringing: [], drift: null, isHarmless: false };

/**
 * Answers with the keys of notices that call people from now on. What is less than critical silences none of them unless it
 * is harmless: a changed mode or a copied file makes a drift look as if it were not in force.
 */
export async function tellDrift(
  notice: Notice,
  { ringing, drift, isHarmless }: Before = nothingBefore,
): Promise<readonly string[]> {
  const plan = await orchestrator('whom to tell').notifyPlan({ target: notice.target });
  const delivery = plan === null ? null : deliveryOf(plan, notice);
  const isCritical = notice.severity === 'critical';
  const told =
    delivery === null ? 'nobody' : await tellPeople(notice, delivery, { changeWorkflowId: null, hasEnd: isCritical });
  const isGone = notice.kind === 'drift-gone';
  const ended = isCritical || isGone || isHarmless ? ringing.filter((key) => key !== notice.key) : [];
  await Promise.all(
    ended.map((key) => {
      // Whoever was called later than those who hear this notice hears the end as well.
      if (isGone)
        return endNotice(key, { words: notice.headline, told: delivery === null ? [] : heardAtOnce(delivery) });
      if (!isCritical)
        return endNotice(key, { words: `no dependent of ${notice.target} loses access by its drift any more` });
      return endNotice(key, drift !== null && isOfDrift(key, drift) ? { goesOn: true } : {});
    }),
  );
  const begun = told !== 'nobody' && isCritical ? [notice.key] : [];
  return [...begun, ...ringing.filter((key) => !ended.includes(key) && !begun.includes(key))];
}
