/** The Schedules that look for drift, on a real Temporal server: made, fired, followed, respected, deleted. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ScheduleDescription, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { orchestratorQueue } from '../../domain/change.ts';
import { driftScheduleId } from '../../domain/drift/drift.ts';
import { noticeWorkflowId } from '../../domain/notify/notice.ts';
import type { sendNotice } from '../../workflows/send-notice.ts';
import { aNotice } from '../domain/notify/builders.ts';
import { accept, reload, sqlOn } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';
import { scheduleOf } from '../../worker/drift-schedules.ts';

const rig = useRig({ drift: '{ every: 2s }' });

const handle = () => rig().client.schedule.getHandle(driftScheduleId(rig().targetName));
const described = (): Promise<ScheduleDescription | null> =>
  handle()
    .describe()
    .catch(() => null);
const everyMs = async (): Promise<number | undefined> => (await described())?.spec.intervals?.[0]?.every;

/** The id of one that the list knows. */
async function found(query: string): Promise<string | null> {
  for await (const { workflowId } of rig().client.workflow.list({ query })) return workflowId;
  return null;
}

/** Calls people about a drift of it until somebody acknowledges, for an hour. */
async function callFor(target: string): Promise<WorkflowHandleWithFirstExecutionRunId<typeof sendNotice>> {
  const notice = aNotice({ key: `drift:${target}:1:1`, kind: 'drift', severity: 'critical', target, changeId: null });
  const nobody = { team: 'nobody', channels: [], spare: [] };
  const delivery = {
    steps: [{ afterMs: 0, teams: [nobody] }],
    untilAcknowledged: { repeatMs: 3_600_000, giveUpMs: 3_600_000 },
    tries: 1,
  };
  return rig().client.workflow.start<typeof sendNotice>('sendNotice', {
    workflowId: noticeWorkflowId(notice),
    taskQueue: orchestratorQueue,
    args: [{ notice, delivery, changeWorkflowId: null, hasEnd: true }],
  });
}

async function configure(drift: string): Promise<void> {
  const path = join(rig().folder, 'knowngood.yaml');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/^ {4}drift: .*$/m, `    drift: ${drift}`));
}

describe('the schedule of a target', () => {
  it('is made by the worker, and its looks tell of drift once', async () => {
    await eventually('the schedule', async () => (await described()) !== null);
    await (await accept(rig())).outcome();
    await sqlOn(rig(), `alter system set work_mem = '9MB'`);
    await reload(rig());
    const remembered = async () => (await rig().remembered()) ?? null;
    await eventually('a look that tells', async () => (await remembered())?.tellings === 1, 30_000);
    const first = await remembered();
    await eventually(
      'another look',
      async () => ((await remembered())?.lastSeen ?? 0) > (first?.lastSeen ?? 0),
      30_000,
    );
    expect(await remembered()).toMatchObject({ tellings: 1, firstSeen: first?.firstSeen, goneAt: null });
    await sqlOn(rig(), 'alter system reset work_mem');
    await reload(rig());
    await eventually('it is told to be gone', async () => ((await remembered())?.goneToldAt ?? null) !== null, 30_000);
    const query = `WorkflowType = 'watchDrift' AND KnowngoodTarget = '${rig().targetName}'`;
    await eventually('they are found by the target', async () => (await found(query)) !== null);
    const look = rig().client.workflow.getHandle((await found(query)) ?? '');
    expect(await (await look.describe()).staticSummary()).toBe(
      `${rig().targetName}: is the configuration still the known-good one?`,
    );
  }, 120_000);

  it('follows the file, and stays paused when an operator has paused it', async () => {
    await handle().pause('kim works on the server');
    await configure('{ every: 7s }');
    await eventually('the new interval', async () => (await everyMs()) === 7_000, 30_000);
    expect((await described())?.state).toMatchObject({ paused: true, note: 'kim works on the server' });
    // Several workers that start at once agree on it.
    await Promise.all([rig().startWorker(), rig().startWorker()]);
    expect(await everyMs()).toBe(7_000);
    expect((await described())?.state).toMatchObject({ paused: true, note: 'kim works on the server' });
  }, 60_000);

  it('of a target that another worker looks after is left alone', async () => {
    const { client } = rig();
    const theirs = scheduleOf('payroll-db', { everyMs: 3_600_000, ignore: [] });
    await client.schedule.create(theirs);
    await rig().startWorker();
    await configure('{ every: 8s }');
    await eventually('the file was followed', async () => (await everyMs()) === 8_000, 30_000);
    const found = await client.schedule.getHandle(theirs.scheduleId).describe();
    expect(found.scheduleId).toBe(theirs.scheduleId);
    await client.schedule.getHandle(theirs.scheduleId).delete();
  }, 60_000);

  it('is deleted when drift is not looked for any more, and made again when it is', async () => {
    const calling = await callFor(rig().targetName);
    await eventually('the list knows it', async () => (await found(`WorkflowId = '${calling.workflowId}'`)) !== null);
    await configure('false');
    await eventually('no schedule', async () => (await described()) === null, 30_000);
    // Nobody would see that it is gone.
    expect(await calling.result()).toMatchObject({ acknowledgedBy: null });
    await configure('{ every: 1h }');
    await eventually('the schedule', async () => (await everyMs()) === 3_600_000, 30_000);
    expect((await described())?.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 });
  }, 90_000);
});
