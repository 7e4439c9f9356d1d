/** Approvals on a real server: who counts, what a rejection leaves, what a Reset does to them. */
import { describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ReportModel } from '../../domain/report/report.ts';
import type { ChangeResult } from '../../domain/result.ts';
import { useRig } from '../support/rig.ts';
import { askedAgain, lastTask } from '../support/reset.ts';

const rig = useRig({ policy: 'approvals: { low: 1, high: 2, expire: 20s }' });
const harmless = { kind: 'config', settings: { work_mem: '6MB' } } as const;

describe('a change that needs approval', () => {
  it('waits, is approved by somebody else, and is kept', async () => {
    const change = await rig().start({ change: harmless });
    const view = await change.reaches('approve');
    expect(view.plan?.items[0]?.summary).toContain('work_mem');
    await change.executeUpdate('approve', { args: [{ who: 'kim', why: 'seen', planHash: view.plan?.hash }] });
    const result = await change.outcome();
    expect(result.outcome).toBe('kept');
    expect(result.timeline.map(({ text }) => text).join('\n')).toContain('approved by kim: seen (1 of 1)');
  });

  it('is not approved by its requester, and says so', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'tester@rig' });
    await change.reaches('approve');
    const own = change.executeUpdate('approve');
    await expect(own).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(own).rejects.toMatchObject({ cause: { message: expect.stringContaining('cannot approve it') } });
    await change.executeUpdate('reject', { args: ['kim: no'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected', reason: 'rejected-by-operator' });
  });

  it('is touched nowhere when it is rejected', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '9MB' } } });
    await change.reaches('approve');
    await change.signal('reject', 'kim: not tonight');
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected', summary: 'rejected by kim: not tonight' });
    expect(await rig().configuration()).toEqual(before);
  });

  it('has the store keep the snapshot that it goes back to, however long it waits', async () => {
    const earlier = await rig().start({ change: { kind: 'config', settings: { work_mem: '7MB' } } });
    await earlier.reaches('approve');
    await earlier.executeUpdate('approve', { args: ['kim: go'] });
    const snapshot = (await earlier.outcome()).snapshots.before ?? '';
    const back = await rig().start({ change: { kind: 'config', restore: { snapshot } } });
    await back.reaches('approve');
    await rig().inStore(`do $$ begin
      assert (select needs = array['${snapshot}'] from knowngood.changes where change_id = '${back.changeId}');
    end $$`);
    await back.signal('reject', 'kim: only looking');
    expect(await back.outcome()).toMatchObject({ outcome: 'rejected' });
  });

  it('is aborted by a Cancel with nothing touched', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '9MB' } } });
    await change.reaches('approve');
    await change.cancel();
    expect(await change.outcome()).toMatchObject({ outcome: 'aborted', reason: 'cancelled' });
    expect(await rig().configuration()).toEqual(before);
  });

  it('tells each approval that does not count why', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    const refusal = (argument?: unknown): Promise<string> =>
      change.executeUpdate('approve', { args: [argument] }).then(
        () => 'approved',
        ({ cause }: WorkflowUpdateFailedError) => cause?.message ?? '',
      );
    await change.reaches('approve');
    // By the name alone, before the worker asks who has sent it; and by the name behind the request.
    expect(await refusal('Alex: mine')).toMatch('alex requested this change and cannot approve it');
    expect(await refusal({ who: 'kim', planHash: 'another' })).toMatch('the plan has changed since it was read');
    expect(await refusal({ who: 'kim', changeId: 'another' })).toMatch(
      `this change is ${change.changeId}, not another`,
    );
    expect(await refusal({ name: 'kim' })).toMatch('unknown field "name"');
    expect(await refusal('kim: seen')).toBe('approved');
    expect(await refusal('kim: again')).toMatch('kim has approved this plan already');
    // The client of these tests calls itself so in every request, and has approved under the name of kim.
    expect((await change.view()).approvals).toMatchObject({ needed: 2, missing: { people: 1, groups: [] } });
    expect(await refusal('sam: seen, too')).toBe('approved');
    await change.reaches('apply');
    expect(await refusal('pat: late')).toMatch('approve has no effect in phase apply');
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
    expect((await rig().recorded(change.changeId)).report?.json).toMatchObject({
      approvals: [
        { who: 'kim', claim: 'tester@rig', why: 'seen' },
        { who: 'sam', claim: 'tester@rig', why: 'seen, too' },
      ],
      decisions: [
        { what: 'ask for the change' },
        { what: 'approve', who: 'kim', claim: 'tester@rig', why: 'seen' },
        { what: 'approve', who: 'sam', claim: 'tester@rig', why: 'seen, too' },
        { what: 'revert', who: 'Knowngood, by the policy' },
      ],
    });
  });

  it('keeps in its timeline who has tried to approve their own request', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'tester@rig' });
    await change.reaches('approve');
    await expect(change.executeUpdate('approve', { args: ['kim: in their name'] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('kim counts as the same person') },
    });
    const { timeline } = await change.view();
    expect(timeline.at(-1)?.text).toMatch('update approve had no effect: tester@rig requested this change');
    await change.signal('confirm', 'eve: now');
    await change.executeUpdate('extend', { args: ['5m: bob by kim: is late'] });
    await change.executeUpdate('reject', { args: ['kim: decided to keep: no'] });
    await change.outcome();
    const { report } = await rig().recorded(change.changeId);
    if (report === null) throw new Error('there is a report');
    const { decisions } = report.json as unknown as ReportModel;
    expect(decisions.slice(1)).toMatchObject([
      {
        what: 'approve',
        who: 'kim',
        claim: 'tester@rig',
        why: 'in their name',
        refused: expect.stringContaining('kim counts as the same person'),
      },
      { what: 'confirm', who: 'eve', claim: null, why: 'now', refused: 'confirm has no effect in phase approve' },
      { what: 'move the deadline by 5 min', who: 'an operator', why: 'bob by kim: is late' },
      { what: 'reject', who: 'kim', why: 'decided to keep: no' },
    ]);
    expect(decisions.slice(3).filter(({ refused }) => refused !== undefined)).toEqual([]);
  });

  it('refuses an approval of a plan that is not the one shown', async () => {
    const change = await rig().start({ change: harmless });
    await change.reaches('approve');
    const wrong = change.executeUpdate('approve', { args: [{ who: 'kim', planHash: 'another' }] });
    await expect(wrong).rejects.toThrow(WorkflowUpdateFailedError);
    await change.executeUpdate('abort');
    expect(await change.outcome()).toMatchObject({ outcome: 'aborted' });
  });

  it('is asked for again after a Reset, and what the earlier run had applied is reverted when it is refused', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '9MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('approve');
    const waiting = await lastTask(change);
    await change.executeUpdate('approve', { args: ['kim: seen'] });
    await change.reaches('watch');
    const fresh = await askedAgain(rig(), change, waiting);
    await fresh.executeUpdate('reject', { args: ['kim: not after all'] });
    const result = (await fresh.result()) as ChangeResult;
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'rejected-by-operator' });
    expect(await rig().configuration()).toEqual(before);
  });
});
