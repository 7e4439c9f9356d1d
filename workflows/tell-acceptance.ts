/** Tells people that an acceptance waits for them, and, whoever was asked, how it ended. Nothing waits for a receiver. */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { acceptanceOver, acceptanceWaits } from '../domain/drift/accept-notice.ts';
import type { Notice } from '../domain/notify/notice.ts';
import { type Acceptance, viewOf } from './accepting.ts';
import { tellDrift } from './tell-drift.ts';

export function askPeople(flow: Acceptance): void {
  flow.asked = tellAll(acceptanceWaits(viewOf(flow), Date.now(), workflowInfo()));
}

export async function tellOver(flow: Acceptance, summary: string): Promise<void> {
  if (flow.asked === null) return;
  await flow.asked;
  await tellAll(acceptanceOver(viewOf(flow), summary, Date.now(), workflowInfo()));
}

/** Whoever cannot be told keeps nobody from deciding. */
async function tellAll(notice: Notice): Promise<void> {
  await CancellationScope.nonCancellable(() => tellDrift(notice)).catch(() => undefined);
}
