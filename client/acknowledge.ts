/** Takes what people are being called about: through the change while it is open, else from its notices, which outlive it. */
import type { Client } from '@temporalio/client';
import { noticesOfChange, noticesOfDrift, noticesUnderWay } from '../domain/notify/notice.ts';
import { asking, type Said } from './asking.ts';
import { refusalOf, refused } from './refusals.ts';

export async function acknowledge(
  client: Client,
  { target, changeId }: { readonly target: string; readonly changeId: string },
  note: string | undefined,
  sayToChange: () => Promise<Said>,
): Promise<Said> {
  const said = await sayToChange();
  const isClosed = said.kind === 'refused' && said.problems.some(({ code }) => code === 'unknown-change');
  if (!isClosed) return said;
  return takeNotices(client, noticesOfChange(target, changeId), `${target}:${changeId}`, note);
}

/** Those of a target's drift. */
export function acknowledgeDrift(client: Client, target: string, note: string | undefined): Promise<Said> {
  return takeNotices(client, noticesOfDrift(target), `drift of ${target}`, note);
}

/** `what`: in words. */
async function takeNotices(client: Client, idPrefix: string, what: string, note: string | undefined): Promise<Said> {
  let answer: Said = refused({
    code: 'nothing-to-acknowledge',
    message: `nothing to acknowledge: nobody is being called about ${what}`,
  });
  try {
    for await (const { workflowId } of client.workflow.list({ query: noticesUnderWay(idPrefix) })) {
      const one = await asking(client, workflowId).update('acknowledge', [note ?? '']);
      // One that only tells, and asks for nobody, has nothing to take.
      if (answer.kind === 'refused') answer = one;
    }
  } catch (error) {
    return refusalOf(error, what);
  }
  return answer;
}
