/** Tells people of drift, as knowngood.yaml has it now, and ends what is being told of the drift before it. */
import type { Notice } from '../domain/notify/notice.ts';
import { orchestrator } from './steps.ts';
import { endNotice, tellPeople } from './telling.ts';

/** `before`: keys of notices that may still call people. Answers with those that do from now on. */
export async function tellDrift(notice: Notice, before: readonly string[]): Promise<readonly string[]> {
  const plan = await orchestrator('whom to tell').notifyPlan({ target: notice.target });
  const told =
    plan === null
      ? 'nobody'
      : await tellPeople(notice, plan, { changeWorkflowId: null, hasEnd: notice.severity === 'critical' });
  await Promise.all(before.filter((key) => key !== notice.key).map(endNotice));
  return told !== 'nobody' && notice.severity === 'critical' ? [notice.key] : [];
}
