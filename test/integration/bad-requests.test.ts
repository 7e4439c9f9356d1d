/** Any Temporal client may start the workflow and speak to it, with anything: it ends, or goes on; it is never wedged. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { WorkflowFailedError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { ChangeResult } from '../../domain/result.ts';
import { eventually } from '../support/processes.ts';
import { useRig, type Handle } from '../support/rig.ts';

const rig = useRig({ policy: 'approvals: { low: 0, high: 1 }\n    fourEyes: false' });

const long = 'x'.repeat(200_000);
const manyKeys = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`key_${i}`, 1]));
const deep = JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) as unknown;
const config = { kind: 'config', settings: { work_mem: '6MB' } };

/** A payload of a workflow is not to be larger. */
const payloadLimitBytes = 64 * 1024;

describe('a request that is no request fails at once and names the field', () => {
  for (const [what, args, said] of [
    ['nothing at all', [], 'the request must be an object'],
    ['null', [null], 'the request must be an object'],
    ['a number', [5], 'the request must be an object'],
    ['a text', ['shop-db'], 'the request must be an object'],
    ['a list', [[]], 'the request must be an object'],
    ['no target', [{ changeId: 'c', change: config }], 'target'],
    ['a target that is a number', [{ target: 5, changeId: 'c', change: config }], 'target'],
    ['a target that is no name', [{ target: 'Shop\nDB', changeId: 'c', change: config }], 'target'],
    ['an endless target', [{ target: long, changeId: 'c', change: config }], 'target'],
    ['an empty target', [{ target: '', changeId: 'c', change: config }], 'target'],
    ['no change id', [{ target: 't', change: config }], 'changeId'],
    ['an endless change id', [{ target: 't', changeId: long, change: config }], 'changeId'],
  ] as const) {
    it(what, async () => {
      const handle = await startRaw([...args], `garbage-${randomBytes(4).toString('hex')}`);
      const failure = await within(handle.result(), handle).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WorkflowFailedError);
      const message = (failure as WorkflowFailedError).cause?.message ?? '';
      expect(message).toContain(said);
      expect(message.length).toBeLessThan(500);
      expect(await failedTasks(handle)).toEqual([]);
    });
  }
});

describe('a request with a mistake ends rejected, names the field and touches nothing', () => {
  for (const [what, bend, said] of [
    ['no change', { change: undefined }, '"change" is missing'],
    ['a change that is null', { change: null }, 'change: expected'],
    ['a change that is a list', { change: [] }, 'change'],
    ['a change that is a text', { change: 'config' }, 'change'],
    ['an unknown kind', { change: { kind: 'nope' } }, 'kind must be'],
    ['a kind that is an object', { change: { kind: { a: 1 } } }, 'kind must be'],
    ['a reason that is a number', { reason: 5 }, 'reason'],
    ['a reason that is an object', { reason: { a: 1 } }, 'reason'],
    ['an endless reason', { reason: long }, 'reason: is longer than'],
    ['a requester that is an object', { requestedBy: {} }, 'requestedBy'],
    ['an endless requester', { requestedBy: long }, 'requestedBy: is longer than'],
    ['overrides that are a text', { overrides: 'soak' }, 'overrides'],
    ['a duration that is a number', { overrides: { soak: 5 } }, 'overrides.soak: 5 is not a duration'],
    ['a negative duration', { overrides: { soak: '-1s' } }, 'overrides.soak: "-1s" is not a duration'],
    ['an endless duration', { overrides: { soak: long } }, 'overrides.soak'],
    ['settings that are a text', { change: { kind: 'config', settings: 'x' } }, 'change.settings'],
    ['a setting without end', { change: { kind: 'config', settings: { [long]: 1 } } }, 'change.settings'],
    ['a value without end', { change: { kind: 'config', settings: { work_mem: long } } }, 'too large'],
    ['a file without end', { change: { kind: 'config', files: { 'x.conf': long } } }, 'too large'],
    ['a path without end', { change: { kind: 'config', files: { [long]: '' } } }, 'change.files'],
    ['hba edits that are none', { change: { kind: 'config', hba: [null, 5, {}] } }, 'change.hba[0]'],
    ['an endless description', { change: { kind: 'external', description: long } }, 'change.description'],
    ['an endless unknown key', { [long]: 1 }, 'unknown key'],
    ['thousands of unknown keys', { ...manyKeys }, 'unknown key "key_0"'],
    ['thousands of keys in the change', { change: { kind: 'command', name: 'x', ...manyKeys } }, 'unknown key'],
    ['thousands of unknown settings', { change: { kind: 'config', settings: many(1_500) } }, 'unknown setting "key_0"'],
    ['a bottomless value', { change: deep }, 'change'],
    ['a key __proto__', { change: JSON.parse('{"kind":"config","__proto__":{"a":1}}') as object }, '__proto__'],
    ['another workflow id', { changeId: 'somebody-elses' }, 'does not belong to this change'],
  ] as const) {
    it(what, async () => {
      const before = await rig().configuration();
      const changeId = `bad-${randomBytes(4).toString('hex')}`;
      const { targetName } = rig();
      const handle = await startRaw(
        [{ target: targetName, changeId, change: config, ...bend }],
        `knowngood:${targetName}:${changeId}`,
      );
      const result = (await within(handle.result(), handle)) as ChangeResult;
      expect(result).toMatchObject({ outcome: 'rejected' });
      expect(['invalid-request', 'preflight-refused']).toContain(result.reason);
      expect(result.problems.map(({ message }) => message).join('\n')).toContain(said);
      expect(JSON.stringify(result).length).toBeLessThan(payloadLimitBytes);
      expect(await failedTasks(handle)).toEqual([]);
      expect(await rig().configuration()).toEqual(before);
    });
  }
});

describe('a look with garbage ends', () => {
  for (const [what, args] of [
    ['null', [null]],
    ['nothing', []],
    ['a number', [{ target: 5 }]],
    ['an endless target', [{ target: long }]],
  ] as const)
    for (const workflow of ['takeSnapshot', 'planChange'])
      it(`${workflow} of ${what}`, async () => {
        const handle = await startRaw([...args], `look-${randomBytes(4).toString('hex')}`, workflow);
        expect(await within(handle.result(), handle)).toMatchObject({ kind: 'refused' });
        expect(await failedTasks(handle)).toEqual([]);
      });
});

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

function many(count: number): object {
  return Object.fromEntries(Object.entries(manyKeys).slice(0, count));
}

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
  await change.signal('approve', long);
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

async function startRaw(args: unknown[], workflowId: string, workflow = 'guardedChange'): Promise<WorkflowHandle> {
  return rig().client.workflow.start(workflow, { workflowId, taskQueue: 'knowngood', args });
}

/** A wedged workflow would never answer. */
async function within<T>(answer: Promise<T>, handle: WorkflowHandle, ms = 20_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      void failedTasks(handle).then((failures) => reject(new Error(`still open: ${failures.join('; ')}`)));
    }, ms);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

const unhandledFailure =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;

async function failedTasks(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  // A task that an event overtakes is begun anew; only one that the workflow's own code failed is a wedge.
  return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed?.cause === unhandledFailure ? [failed.failure?.message ?? ''] : [],
  );
}
