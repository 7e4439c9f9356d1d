/** Any Temporal client may speak to a change, with anything and at any time: what is no word is refused, and the change goes on. */
import { describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { eventually } from '../support/processes.ts';
import { failedTasks, within } from '../support/raw.ts';
import { useRig, type Handle } from '../support/rig.ts';

const rig = useRig({ policy: 'approvals: { low: 0, high: 1 }\n    fourEyes: false' });

/** A payload of a workflow is not to be larger. */
const payloadLimitBytes = 64 * 1024;

/** What no word takes. */
const nonsense: readonly unknown[] = [
  5,
  [1, { a: 2 }],
  { who: 5 },
  { message: { a: 1 } },
  { exitCode: 'zero' },
  'x'.repeat(5_000),
  { who: 'x'.repeat(5_000) },
];
const operatorWords = ['approve', 'reject', 'abort', 'confirm', 'extend', 'abandon'];
const everyWord = [...operatorWords, 'applied', 'failed'];

describe('garbage said to a change', () => {
  it('is refused while it waits for approval, and the approval still counts', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.reaches('approve');
    await talkNonsense(change);
    expect(await change.view()).toMatchObject({ phase: 'approve' });
    await change.executeUpdate('approve', { args: ['kim: fine'] });
    await change.reaches('apply');
    await talkNonsense(change);
    expect(await change.view()).toMatchObject({ phase: 'apply' });
    await change.executeUpdate('failed', { args: [{ exitCode: 3, message: 'went wrong' }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', commandExitCode: 3 });
    expect(await failedTasks(change)).toEqual([]);
  }, 90_000);

  it('is refused in the soak, which goes on', async () => {
    const change = await watched();
    await talkNonsense(change);
    expect(await change.view()).toMatchObject({ phase: 'watch' });
    await change.executeUpdate('abort', { args: ['kim: enough'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await failedTasks(change)).toEqual([]);
    await expect(change.executeUpdate('abort')).rejects.toThrow();
  }, 90_000);

  it('thousandfold does not swell its result beyond a payload', async () => {
    const change = await watched();
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 50 }, () => change.signal('approve', 5)));
    await change.executeUpdate('abort', { args: ['kim: enough'] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted' });
    expect(JSON.stringify(result).length).toBeLessThan(payloadLimitBytes);
    expect(await failedTasks(change)).toEqual([]);
  }, 90_000);

  it('in long and wide letters is recorded, and the change ends all the same', async () => {
    const change = await watched();
    await change.executeUpdate('extend', { args: [`1s: ${'\u001b[31m漢'.repeat(20_000)}`] }).catch(() => undefined);
    await change.executeUpdate('abort', { args: [`kim\u001b[2J: ${'漢'.repeat(490)}`] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await failedTasks(change)).toEqual([]);
  }, 90_000);
});

describe('a signal whose handling fails', () => {
  it('does not end an armed change without its revert', async () => {
    const before = await rig().configuration();
    const change = await watched();
    await rig().stopAgent();
    await change.signal('extend', '10m: the agent will not answer this');
    await eventually('the deadline is asked of the agent', async () => {
      const { raw } = await change.describe();
      return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'deadline');
    });
    await change.cancel();
    await rig().startAgent();
    expect(await within(change.outcome(), change, 60_000)).toMatchObject({ outcome: 'reverted', reason: 'cancelled' });
    expect(await rig().configuration()).toEqual(before);
  }, 120_000);
});

async function watched(): Promise<Handle> {
  const change = await rig().start({
    change: { kind: 'config', settings: { work_mem: '8MB' } },
    overrides: { soak: '5m' },
  });
  await change.reaches('watch');
  return change;
}

async function talkNonsense(change: Handle): Promise<void> {
  for (const word of everyWord)
    await Promise.all(
      nonsense.map(async (argument) => {
        await expect(change.executeUpdate(word, { args: [argument] })).rejects.toThrow(WorkflowUpdateFailedError);
      }),
    );
  for (const word of [...operatorWords, 'no-such-signal', '__temporal_x'])
    await Promise.all(nonsense.map((argument) => change.signal(word, argument).catch(() => undefined)));
  await change.signal('approve', 'x'.repeat(200_000));
  for (const word of operatorWords) {
    await signalRaw(change, word, { encoding: 'json/plain', data: '{broken' });
    await signalRaw(change, word, { encoding: 'json/protobuf', data: '"kim: yes"' });
    await signalRaw(change, word, { encoding: 'no/such', data: '\u0000\u0001' });
  }
  await change.view();
}

async function signalRaw(change: Handle, name: string, { encoding, data }: { encoding: string; data: string }) {
  const { client } = rig();
  await client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: change.workflowId },
    signalName: name,
    input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
  });
}
