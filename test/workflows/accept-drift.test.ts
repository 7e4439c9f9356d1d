/** Making what is live the known-good configuration, on real parts: who may, what is refused, what it is bound to. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { accept, edit, look, reload, sqlOn } from '../support/drift.ts';
import { useRig } from '../support/rig.ts';
import { silentEvents } from '../support/summaries.ts';

const rig = useRig({ policy: 'approvals: { low: 1, high: 2, expire: 20s }' });

describe('the first known-good', () => {
  it('has nothing to be compared with, which is a risk', async () => {
    expect(await look(rig())).toMatchObject({ kind: 'not-looked', problems: [{ code: 'no-known-good' }] });
    const first = await accept(rig());
    expect(await first.reaches('approve')).toMatchObject({ risk: 'high', approvals: { needed: 2 }, drift: null });
    await first.executeUpdate('approve', { args: ['kim: first'] });
    await expect(first.executeUpdate('approve', { args: ['kim: again'] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('approved this plan already') },
    });
    await first.executeUpdate('approve', { args: ['robin: first'] });
    expect(await first.outcome()).toMatchObject({ outcome: 'accepted' });
    expect(await look(rig())).toMatchObject({ kind: 'clean' });
  });
});

async function drifted(value: string): Promise<void> {
  await sqlOn(rig(), `alter system set work_mem = '${value}'`);
  await reload(rig());
}

describe('what happens while it waits for approval', () => {
  it('is looked at last, after the dependents were measured', async () => {
    await drifted('8MB');
    const acceptance = await accept(rig());
    await acceptance.reaches('approve');
    await acceptance.executeUpdate('approve', { args: ['kim: seen'] });
    expect(await acceptance.outcome()).toMatchObject({ outcome: 'accepted' });
    const { events } = await acceptance.fetchHistory();
    const steps = (events ?? []).flatMap(
      ({ activityTaskScheduledEventAttributes: it }) => it?.activityType?.name ?? [],
    );
    expect(steps.filter((step) => step !== 'notifyPlan').slice(-3)).toEqual(['baseline', 'drift', 'acceptSnapshot']);
  });

  it('goes by the policy of then: a stricter one is not met by what was enough before', async () => {
    await drifted('7MB');
    const acceptance = await accept(rig());
    await acceptance.reaches('approve');
    const path = join(rig().folder, 'knowngood.yaml');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('low: 1', 'low: 2'));
    await acceptance.executeUpdate('approve', { args: ['kim: seen'] });
    const result = await acceptance.outcome();
    await writeFile(path, text);
    expect(result).toMatchObject({
      outcome: 'moved',
      problems: [{ message: 'who must approve it has changed meanwhile' }],
    });
  });
});

describe('a configuration that somebody wants to keep', () => {
  it('becomes known-good with an approval, and does not drift any more', async () => {
    await drifted('9MB');
    expect(await look(rig())).toMatchObject({ kind: 'drifted', told: [{ kind: 'drift' }] });
    const acceptance = await accept(rig());
    const view = await acceptance.reaches('approve');
    expect(view).toMatchObject({ risk: 'low', approvals: { needed: 1, given: [] } });
    expect(view.drift?.items.map(({ key }) => key)).toContain('setting:work_mem');
    await acceptance.executeUpdate('approve', { args: [{ who: 'kim', why: 'seen', planHash: view.snapshotId }] });
    const { snapshotId, ...result } = await acceptance.outcome();
    expect(result).toMatchObject({
      outcome: 'accepted',
      approvals: [{ who: 'kim', why: 'seen', claim: 'tester@rig' }],
    });
    expect(snapshotId).toBe(view.snapshotId);
    expect(await look(rig())).toMatchObject({
      kind: 'clean',
      told: [
        { kind: 'drift-gone', headline: expect.stringContaining('alex had it accepted as known-good: it is meant so') },
      ],
    });
  });

  it('is accepted once, and there is nothing to accept then', async () => {
    expect(await (await accept(rig())).outcome()).toMatchObject({ outcome: 'nothing', snapshotId: null });
  });

  it('is not approved by its requester, nor twice by one, nor as another snapshot', async () => {
    await drifted('10MB');
    const acceptance = await accept(rig(), { requestedBy: 'tester@rig' });
    await acceptance.reaches('approve');
    const own = acceptance.executeUpdate('approve');
    await expect(own).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(own).rejects.toMatchObject({ cause: { message: expect.stringContaining('cannot approve it') } });
    const wrong = acceptance.executeUpdate('approve', { args: [{ who: 'kim', planHash: 'another' }] });
    await expect(wrong).rejects.toMatchObject({ cause: { message: expect.stringContaining('has changed since') } });
    await acceptance.executeUpdate('reject', { args: ['kim: put it back'] });
    expect(await acceptance.outcome()).toMatchObject({
      outcome: 'rejected',
      summary: 'rejected by kim: put it back',
      snapshotId: null,
    });
    expect(await look(rig())).toMatchObject({ kind: 'drifted' });
  });

  it('is not accepted when it has moved on since it was approved', async () => {
    const acceptance = await accept(rig());
    await acceptance.reaches('approve');
    await drifted('11MB');
    await acceptance.executeUpdate('approve', { args: ['kim: seen'] });
    expect(await acceptance.outcome()).toMatchObject({ outcome: 'moved', snapshotId: null });
  });

  it('expires when nobody says anything', async () => {
    const acceptance = await accept(rig());
    await acceptance.reaches('approve');
    expect(await acceptance.outcome()).toMatchObject({ outcome: 'expired' });
  }, 40_000);

  it('is refused while it is not loaded', async () => {
    await sqlOn(rig(), `alter system set work_mem = '12MB'`);
    const result = await (await accept(rig())).outcome();
    expect(result).toMatchObject({ outcome: 'refused', problems: [{ code: 'file-not-loaded' }] });
    await sqlOn(rig(), 'alter system reset all', `alter system set work_mem = '9MB'`);
    await reload(rig());
    expect(await look(rig())).toMatchObject({ kind: 'clean' });
  });

  it('is refused when a dependent lost access by it', async () => {
    const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';
    await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
    await reload(rig());
    const asked = await accept(rig());
    const result = await asked.outcome();
    // The rig's policy takes lost access for a low risk: then the check says no.
    expect(result).toMatchObject({ outcome: 'refused', problems: [{ code: 'baseline-red' }] });
    await edit(rig(), 'pg_hba.conf', (text) => text + rule);
    await reload(rig());
  });

  it('waits for the end of an open change', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '7MB' } } });
    await change.reaches('approve');
    await change.executeUpdate('approve', { args: ['kim: yes'] });
    await change.reaches('watch');
    expect(await (await accept(rig())).outcome()).toMatchObject({ outcome: 'busy' });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    // What was kept is known-good.
    expect(await look(rig())).toMatchObject({ kind: 'clean' });
  });
});

it('says in plain words what each activity, timer and child is for', async () => {
  expect(await silentEvents(rig().client, `KnowngoodTarget = "${rig().targetName}"`)).toEqual([]);
});
