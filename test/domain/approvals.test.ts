import type { AccessChange, AccessImpact } from '../../domain/access/impact.ts';
import { describe, expect, it } from '@jest/globals';
import { refuseApproval, refuseApprover, stillApproved, type ApprovalRules } from '../../domain/approvals.ts';
import type { Approval } from '../../domain/view.ts';

const rules: ApprovalRules = { needed: 1, fourEyes: true, requestedBy: 'alex', changeId: 'c1', planHash: 'h1' };
const anApproval = (who: string, claim: string | null = null): Approval => ({ who, claim, why: '', at: 0 });
const input = { who: null, why: '', changeId: null, planHash: null };

describe('an approval', () => {
  it('counts for the plan it was read with', () => {
    expect(refuseApproval(rules, { ...input, changeId: 'c1', planHash: 'h1' })).toBeNull();
  });
  it('is refused for another change', () => {
    expect(refuseApproval(rules, { ...input, changeId: 'c2' })).toMatchObject({ code: 'wrong-change' });
  });
  it('is refused for a plan that has changed since, naming the hash', () => {
    expect(refuseApproval(rules, { ...input, planHash: 'h0' })).toMatchObject({
      code: 'wrong-plan',
      detail: expect.stringContaining('h1'),
    });
  });
});

describe('an approver', () => {
  it('is anybody but the requester', () => expect(refuseApprover(rules, [], anApproval('kim'))).toBeNull());
  it('is never the requester, whatever the case', () => {
    expect(refuseApprover(rules, [], anApproval('Alex'))).toMatchObject({ code: 'own-approval' });
  });
  it('is not the requester under another name either, when the claim tells', () => {
    expect(refuseApprover(rules, [], anApproval('kim', 'alex'))).toMatchObject({ code: 'own-approval' });
  });
  it('may be the requester where the policy does not ask for four eyes', () => {
    expect(refuseApprover({ ...rules, fourEyes: false }, [], anApproval('alex'))).toBeNull();
  });
  it('counts once', () => {
    expect(refuseApprover(rules, [anApproval('kim')], anApproval('Kim '))).toMatchObject({ code: 'approved-already' });
  });
  it('counts once, whoever approved before and after, and whatever else is claimed', () => {
    const given = [anApproval('kim'), anApproval('pat')];
    expect(refuseApprover(rules, given, anApproval('pat', 'sam'))).toMatchObject({ code: 'approved-already' });
    expect(refuseApprover(rules, given, anApproval('sam', 'kim'))).toMatchObject({ code: 'approved-already' });
    expect(refuseApprover(rules, given, anApproval('sam'))).toBeNull();
  });
});

describe('approvals and a new plan', () => {
  it('stand when plan and risk are the same', () => {
    expect(stillApproved({ hash: 'a', risk: 'low' }, { hash: 'a', risk: 'low' })).toBe(true);
  });
  it('fall when somebody else loses access by it, and stand when fewer do', () => {
    const nobody: AccessImpact = { lost: [], gained: [], unknown: [], unchanged: 0, widened: [], more: 0 };
    const app = { user: 'app', database: 'shop', from: null, tls: false } as AccessChange;
    const losing = (...lost: AccessChange[]) => ({ hash: 'a', risk: 'high', access: { ...nobody, lost } }) as const;
    const web = { ...app, user: 'web' };
    expect(stillApproved(losing(app), losing(app, web))).toBe(false);
    expect(stillApproved(losing(app, web), losing(web))).toBe(true);
    expect(stillApproved(losing(app), losing({ ...app, need: 'select on public.t' }))).toBe(false);
  });
  it('fall when either differs', () => {
    expect(stillApproved({ hash: 'a', risk: 'low' }, { hash: 'b', risk: 'low' })).toBe(false);
    expect(stillApproved({ hash: 'a', risk: 'low' }, { hash: 'a', risk: 'high' })).toBe(false);
  });
});
