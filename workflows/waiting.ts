/** Waiting against a deadline that an operator may move. */
import { condition } from '@temporalio/workflow';
import type { Flow } from './flow.ts';

/** True as soon as `reached` holds, false once the phase's deadline has passed; a moved deadline is followed. */
export async function untilDeadline(flow: Flow, reached: () => boolean, summary: string): Promise<boolean> {
  for (;;) {
    if (reached()) return true;
    const deadlineAt = flow.deadlineAt;
    if (deadlineAt === null) {
      await condition(() => reached() || flow.deadlineAt !== null);
      continue;
    }
    const leftMs = deadlineAt - Date.now();
    if (leftMs <= 0) return false;
    await condition(() => reached() || flow.deadlineAt !== deadlineAt, leftMs, { summary });
  }
}
