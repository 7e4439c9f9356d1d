/** A short workflow that tells a team a test through each of its channels, from where every other notice is told. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { OrchestratorActivities, Refused } from '../activities/contract.ts';
import { orchestratorQueue } from '../domain/change.ts';
import type { Notice } from '../domain/notify/notice.ts';
import { problemOf } from './ending.ts';

export interface ChannelTest {
  readonly channel: string;
  readonly ok: boolean;
  /** What the receiver said, or why it is dead. */
  readonly words: string;
}

/** Once each: who installs a channel wants to see its first answer. */
export async function testNotifications({
  team,
  by,
}: {
  team: string;
  by: string;
}): Promise<{ kind: 'tested'; channels: readonly ChannelTest[] } | Refused> {
  const { workflowId, runId } = workflowInfo();
  const steps = (summary: string): OrchestratorActivities =>
    proxyActivities<OrchestratorActivities>({
      taskQueue: orchestratorQueue,
      startToCloseTimeout: '2 minutes',
      scheduleToStartTimeout: '30 seconds',
      retry: { maximumAttempts: 1 },
      summary,
    });
  try {
    const found = await steps(`which channels has team ${team}`).channelsOf({ team });
    if (found.kind === 'refused') return found;
    const notice: Notice = {
      kind: 'test',
      key: workflowId,
      severity: 'info',
      target: 'no target',
      changeId: null,
      workflowId,
      runId,
      at: Date.now(),
      headline: `this is a test for team ${team}, sent by ${by}`,
      facts: ['Nothing has happened, nothing is asked of you.'],
      actions: [],
      dependents: [],
    };
    const channels = await Promise.all(
      found.channels.map(async ({ name }): Promise<ChannelTest> => {
        try {
          const telling = { act: 'tell', notice, by: '', because: [] } as const;
          const answer = await steps(`tell ${name} a test`).deliver({ telling, channel: name });
          return answer.kind === 'delivered'
            ? { channel: name, ok: true, words: answer.said }
            : { channel: name, ok: false, words: answer.why };
        } catch (error) {
          return { channel: name, ok: false, words: problemOf(error).message };
        }
      }),
    );
    return { kind: 'tested', channels };
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}
