/** A workflow that somebody ended from outside: its change still gets an outcome, a report and a look at its dependents. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { endingIdOf, orchestratorQueue, workflowIdOf } from '../../domain/change.ts';
import type { ChangeResult } from '../../domain/result.ts';
import type { ChangeRow } from '../../store/store.ts';
import { eventually } from '../support/processes.ts';
import { record } from '../support/record.ts';
import { type Handle, type Recorded, useRig } from '../support/rig.ts';

const rig = useRig({ policy: 'approvals: { high: 1, low: 0 }' });

async function ended(changeId: string): Promise<Recorded & { readonly row: ChangeRow }> {
  await eventually('an outcome', async () => ((await rig().recorded(changeId)).row?.outcome ?? null) !== null, 40_000);
  const { row, report } = await rig().recorded(changeId);
  if (row === null) throw new Error('it was there just now');
  return { row, report };
}

type EventId = NonNullable<NonNullable<Awaited<ReturnType<Handle['fetchHistory']>>['events']>[number]['eventId']>;

/** For the replay of histories. */
async function recordEnding({ changeId, result }: ChangeRow): Promise<void> {
  const handle = rig().client.workflow.getHandle(endingIdOf(rig().targetName, changeId));
  await handle.result();
  if (result !== null) await record(handle, result, `orphan-${result.outcome}`);
}

describe('a change whose workflow was terminated', () => {
  it('in its soak is recorded as what the agent made of it, with its dependents and a report', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.terminate('by hand');
    const { row, report } = await ended(change.changeId);
    expect(row).toMatchObject({ outcome: 'reverted', result: { reason: 'contact-lost', dependents: 'recovered' } });
    expect(row.result?.moments.started).toBe(row.startedAt.getTime());
    expect(report?.markdown).toContain('reverted');
    expect(await rig().configuration()).toEqual(before);
    await recordEnding(row);
  });

  it('before it was armed is recorded as aborted, and its late arm would find it closed', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.reaches('approve');
    await change.terminate('by hand');
    const { row } = await ended(change.changeId);
    expect(row).toMatchObject({ outcome: 'aborted' });
    await recordEnding(row);
  });
});

describe('a change that ended before its workflow knew that the store had it', () => {
  it('gets the outcome that its workflow gave', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '9MB' } } });
    const result = await change.outcome();
    await rig().inStore('update knowngood.changes set outcome = null, result = null, closed_at = null');
    expect((await ended(change.changeId)).row).toMatchObject({ outcome: 'kept', result });
  });
});

describe('a change that was aborted and then reset', () => {
  it('is what the earlier run has made of it, although the abort is in before the new run has asked for anything', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '11MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.signal('abort', 'kim: no');
    // In the middle of that run's revert: it reaches its end on the target, and never writes it down.
    await reset(change);
    const run = rig().client.workflow.getHandle(change.workflowId);
    const result = (await run.result()) as ChangeResult;
    expect(result).toMatchObject({ outcome: 'reverted' });
    await record(run, result, 'reverted-aborted-then-reset');
    expect(await rig().configuration()).toEqual(before);
    const { row, report } = await rig().recorded(change.changeId);
    expect(row).toMatchObject({ outcome: 'reverted', result: { outcome: 'reverted' } });
    expect(report?.markdown).toContain('reverted');
  });

  it('waits for an agent that is away, and does not call it untouched meanwhile', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '12MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await rig().stopAgent();
    await change.signal('abort', 'kim: no');
    await reset(change);
    const result = rig().client.workflow.getHandle(change.workflowId).result();
    expect(await Promise.race([result, sleep(8_000, 'not yet')])).toBe('not yet');
    await rig().startAgent();
    expect(await result).toMatchObject({ outcome: 'reverted' });
    expect(await rig().configuration()).toEqual(before);
  });
});

describe('an abort in the moment of the start', () => {
  it('is heard', async () => {
    const before = await rig().configuration();
    const changeId = `c-${randomUUID()}`;
    const target = rig().targetName;
    const handle = await rig().client.workflow.signalWithStart('guardedChange', {
      workflowId: workflowIdOf(target, changeId),
      taskQueue: orchestratorQueue,
      args: [{ target, changeId, requestedBy: 'tester', change: { kind: 'config', settings: { work_mem: '13MB' } } }],
      signal: 'abort',
      signalArgs: ['kim: no'],
    });
    const result = (await handle.result()) as ChangeResult;
    expect(result).toMatchObject({ outcome: 'aborted', reason: 'aborted-by-operator' });
    await record(handle, result, 'aborted-with-the-start');
    expect(await rig().configuration()).toEqual(before);
  });
});

describe('a change that was reverted', () => {
  it('stays so in the store when it is reset to its beginning, and that run waits for the agent to learn of it', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '10MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.signal('abort', 'kim: no');
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
    await rig().stopAgent();
    await reset(change);
    const result = rig().client.workflow.getHandle(change.workflowId).result();
    expect(await Promise.race([result, sleep(8_000, 'not yet')])).toBe('not yet');
    await rig().startAgent();
    expect(await result).toMatchObject({ outcome: 'reverted' });
    const { row, report } = await rig().recorded(change.changeId);
    expect(row).toMatchObject({ outcome: 'reverted', result: { outcome: 'reverted' } });
    expect(report?.markdown).toContain('reverted');
  });
});

/** To its beginning: the signals since then are copied into the new run. */
async function reset(change: Handle): Promise<void> {
  const { workflowId } = change;
  const { runId } = await change.describe();
  await rig().client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: await firstTask(change),
    requestId: randomUUID(),
  });
}

async function firstTask(change: Handle): Promise<EventId> {
  const { events } = await change.fetchHistory();
  const first = events?.find(({ workflowTaskCompletedEventAttributes: completed }) => completed)?.eventId;
  if (!first) throw new Error('a change that has ended had a task');
  return first;
}
