import { describe, expect, it } from '@jest/globals';
import { type Approvable, approvalRules, approvalsView } from '../../domain/approval-rules.ts';
import type { Policy } from '../../domain/change.ts';
import type { Approval } from '../../domain/view.ts';

const approvals = (more: Partial<Policy['approvals']> = {}): Approvable['policy'] => ({
  fourEyes: true,
  approvals: { low: 1, high: 2, ...more },
});
const asked: Approvable = {
  policy: approvals(),
  risk: 'low',
  needed: 1,
  requestedBy: 'alex',
  target: 'shop-db',
  changeId: 'c1',
  planHash: 'h1',
  approvers: undefined,
};
const anApproval = (who: string): Approval => ({ who, claim: null, why: '', at: 0 });

describe('the rules of an approval', () => {
  it('are of the policy, for the risk', () => {
    const groups = { low: { dba: 1 }, high: { dba: 1, security: 1 } };
    expect(approvalRules({ ...asked, policy: approvals({ groups }) }).groups).toEqual({ dba: 1 });
    expect(approvalRules({ ...asked, policy: approvals({ groups }), risk: 'high' }).groups).toEqual(groups.high);
    expect(approvalRules({ ...asked, policy: approvals({ groups }), risk: null }).groups).toBeUndefined();
  });

  for (const [name, signed, risk, needed, want] of [
    ['a claim is enough where nothing is said', undefined, 'high', 1, undefined],
    ['only signatures count at the risk for which they are asked for', 'high', 'high', 1, true],
    ['a claim is enough below it', 'high', 'low', 1, undefined],
    ['only signatures count, always', 'always', 'low', 1, true],
    ['nothing is signed where nobody is asked', 'always', 'low', 0, undefined],
  ] as const) {
    const policy = approvals(signed === undefined ? {} : { signed });
    it(name, () => expect(approvalRules({ ...asked, policy, risk, needed }).signed).toBe(want));
  }

  it('ask for four eyes as long as no policy is known', () => {
    expect(approvalRules({ ...asked, policy: null })).toMatchObject({ fourEyes: true, needed: 1 });
    expect(approvalRules({ ...asked, policy: { approvals: { low: 1, high: 1 }, fourEyes: false } }).fourEyes).toBe(
      false,
    );
  });
});

describe('the state of approvals', () => {
  it('says what is missing, until nothing is', () => {
    const rules = approvalRules({ ...asked, policy: approvals({ signed: 'always' }) });
    expect(approvalsView(rules, [])).toEqual({
      needed: 1,
      given: [],
      signed: true,
      missing: { people: 1, groups: [] },
    });
    expect(approvalsView(rules, [anApproval('kim')])).toEqual({ needed: 1, given: [anApproval('kim')], signed: true });
  });

  it('does not count what the rules would not', () => {
    expect(approvalsView(approvalRules(asked), [anApproval('Alex')]).missing).toMatchObject({ people: 1 });
  });
});
