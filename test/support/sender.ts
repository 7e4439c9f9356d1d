/** An Update as somebody else sends it: Temporal records the identity that their client claims. */
import { Client, type WorkflowUpdateFailedError } from '@temporalio/client';
import type { Rig } from './rig.ts';

/** 'approved', or the reason why not. By default each name that is typed has a client of its own. */
export async function approveAs(
  { client }: Rig,
  { workflowId }: { readonly workflowId: string },
  argument?: unknown,
  identity = typeof argument === 'string' ? `${argument.split(':')[0]?.toLowerCase()}'s terminal` : 'tester@rig',
): Promise<string> {
  const own = new Client({ connection: client.connection, identity });
  return own.workflow
    .getHandle(workflowId)
    .executeUpdate('approve', { args: [argument] })
    .then(
      () => 'approved',
      ({ cause }: WorkflowUpdateFailedError) => cause?.message ?? '',
    );
}
