/** A workflow of the same name that does something else: today's histories do not replay with it. */
import { sleep } from '@temporalio/workflow';

export async function guardedChange(): Promise<void> {
  await sleep('1 hour');
}
