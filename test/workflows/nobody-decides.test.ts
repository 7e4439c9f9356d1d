/** A run that is there, and cannot decide: its code does not fit its history, or no worker is left. The agent reverts. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { defaultLocation, orchestratorQueue } from '../../domain/change.ts';
import { eventually } from '../support/processes.ts';
import { differs, useRig } from '../support/rig.ts';

const rig = useRig({ lease: '4s' });
const aChange = { change: { kind: 'config', settings: { work_mem: '8MB' } }, overrides: { soak: '10m' } } as const;

async function withWedgedWorker(work: () => Promise<void>): Promise<void> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./wedged-workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const connection = await NativeConnection.connect({ address: rig().temporalAddress });
  const worker = await Worker.create({ connection, taskQueue: orchestratorQueue, workflowBundle });
  await worker.runUntil(work);
  await connection.close();
}

describe('a workflow that is wedged', () => {
  it('is reverted by the agent within its lease, and ends so once a worker has the right code again', async () => {
    const before = await rig().configuration();
    const change = await rig().start(aChange);
    await change.reaches('watch');
    expect(await rig().configuration()).not.toEqual(before);
    await rig().stopWorker();
    // The dependents are measured all the while: that alone is no sign of somebody who decides.
    await rig().startWorker({ probeOnly: defaultLocation });
    await withWedgedWorker(async () => {
      await change.signal('confirm', 'kim: this task has to be run by somebody');
      await eventually('reverted', async () => !differs(await rig().configuration(), before), 40_000);
    });
    await rig().stopWorker();
    await rig().startWorker();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'contact-lost' });
  });
});

/** It takes as long as it says. */
if (process.env['KNOWNGOOD_TEST_FULL'] === '1')
  describe('a change whose every worker is gone', () => {
    it('is reverted by the agent once a minute has passed without a heartbeat, and the lease', async () => {
      const before = await rig().configuration();
      const change = await rig().start(aChange);
      await change.reaches('watch');
      await rig().stopWorker();
      await eventually('reverted', async () => !differs(await rig().configuration(), before), 110_000);
      await rig().startWorker();
      expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'contact-lost' });
    }, 180_000);
  });
