import type { AccessChange, AccessImpact } from '../../domain/access/impact.ts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  hopelessApprovals,
  isApproved,
  missingApprovals,
  missingText,
  refuseApproval,
  refuseApprover,
  refuseName,
  stillApproved,
  whoApproves,
  type ApprovalRules,
} from '../../domain/approvals.ts';
import type { Approver } from '../../domain/approvers.ts';
import { isProblem } from '../../domain/operator-input.ts';
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

const anApprover = (name: string, groups: readonly string[] = [], more: Partial<Approver> = {}): Approver => ({
  name,
  identities: [`${name}@example.com`, `${name}@laptop`],
  groups,
  signs: true,
  ...more,
});
const house = [
  anApprover('anna', ['dba']),
  anApprover('kim', ['dba', 'security']),
  anApprover('sam', ['security']),
  anApprover('pat'),
];
const housed: ApprovalRules = { ...rules, requestedBy: 'ci@pipeline', approvers: house };
const of = (name: string): Approval => ({
  ...anApproval(name),
  groups: house.find((one) => one.name === name.trim().toLowerCase())?.groups ?? [],
});

describe('a name in the argument', () => {
  for (const [name, who, code] of [
    ['of the requester is refused beforehand', 'ALEX', 'own-approval'],
    ['of who has approved already is refused beforehand', 'kim ', 'approved-already'],
    ['of anybody else is for the sender to prove', 'sam', null],
    ['that is not given tells nothing', null, null],
  ] as const) {
    it(name, () => expect(refuseName(rules, { who }, [anApproval('kim')])?.code ?? null).toBe(code));
  }
});

describe('without approvers', () => {
  it('anybody approves, under the name that is typed, else claimed', () => {
    expect(whoApproves(rules, { typed: 'kim', claim: 'x@y' })).toEqual({ who: 'kim', groups: [] });
    expect(whoApproves(rules, { typed: null, claim: 'x@y' })).toEqual({ who: 'x@y', groups: [] });
    expect(whoApproves(rules, { typed: null, claim: null })).toEqual({ who: 'an operator', groups: [] });
    expect(hopelessApprovals({ ...rules, needed: 9 })).toBeNull();
  });
});

describe('with approvers declared', () => {
  for (const [name, typed, claim, want] of [
    ['a name is one of theirs', 'Anna', null, 'anna'],
    ['an identity stands for its person', null, 'anna@LAPTOP', 'anna'],
    ['a typed identity does, too', 'kim@example.com', null, 'kim'],
    ['a claim that is nobody adds nothing to a name', 'anna', 'worker@host', 'anna'],
    ['a name that is nobody adds nothing to a claim', 'the DBA on call', 'kim@laptop', 'kim'],
    ['both may tell of one person', 'anna', 'anna@example.com', 'anna'],
    ['one in the name of another is refused', 'anna', 'kim@laptop', 'another-name'],
    ['a stranger is none', 'mallory', 'mallory@laptop', 'not-an-approver'],
    ['nobody is none', null, null, 'not-an-approver'],
  ] as const) {
    it(name, () => {
      const person = whoApproves(housed, { typed, claim });
      expect(isProblem(person) ? person.code : person.who).toBe(want);
    });
  }

  it('a refusal names the request it came in, and who could approve as long as they are few', () => {
    expect(whoApproves(housed, { typed: 'anna', claim: 'kim@laptop' })).toMatchObject({
      message: 'the request of kim (kim@laptop) cannot approve in the name of anna',
    });
    const hintOf = (count: number): unknown => {
      const approvers = Array.from({ length: count }, (_, i) => anApprover(`p${i}`));
      return (whoApproves({ approvers }, { typed: 'x', claim: null }) as { hint?: string }).hint;
    };
    expect(hintOf(20)).toContain('one of: p0,');
    expect(hintOf(21)).toBe('Send "name: reason".');
  });

  it('one client does not approve for two of them, unless they sign', () => {
    const given = [{ ...of('anna'), claim: 'root@bastion' }];
    const kim = { who: 'kim', claim: 'ROOT@bastion' };
    expect(refuseApprover(housed, given, kim)).toMatchObject({ code: 'same-client' });
    expect(refuseApprover(housed, given, { ...kim, claim: null })).toBeNull();
    expect(refuseApprover(housed, given, { ...kim, signedBy: { name: 'kim', fingerprint: 'x' } })).toBeNull();
    expect(refuseApprover(rules, given, kim)).toBeNull();
  });

  it('a name beside a signature is not judged before the key is known', () => {
    const signed = {} as NonNullable<Parameters<typeof refuseName>[1]['signed']>;
    expect(refuseName(housed, { who: 'ci@pipeline', signed }, [])).toBeNull();
    expect(refuseName(housed, { who: 'ci@pipeline' }, [])).toMatchObject({ code: 'own-approval' });
  });

  it('the key decides who signed, wherever it was sent from, but not in the name of another', () => {
    const signedBy = { name: 'anna', fingerprint: 'SHA256:a', groups: ['dba'] };
    expect(whoApproves(housed, { typed: null, claim: 'kim@laptop', signedBy })).toMatchObject({ who: 'anna' });
    expect(whoApproves(housed, { typed: 'root@bastion', claim: null, signedBy })).toMatchObject({ groups: ['dba'] });
    expect(whoApproves(housed, { typed: 'kim', claim: null, signedBy })).toMatchObject({ code: 'another-name' });
  });

  it('nobody approves under another of their own names', () => {
    const mine = { ...housed, requestedBy: 'anna@example.com' };
    expect(refuseApprover(mine, [], anApproval('anna', 'anna@laptop'))).toMatchObject({
      code: 'own-approval',
      detail: 'anna counts as the same person.',
    });
    expect(refuseName(mine, { who: 'anna@laptop' }, [])).toMatchObject({ code: 'own-approval' });
    expect(refuseApprover(mine, [], anApproval('kim', 'kim@laptop'))).toBeNull();
  });

  it('who has sent the request is its requester as well, if it is one of them', () => {
    const started = { ...housed, requestedBy: 'somebody else', startedBy: 'anna@laptop' };
    expect(refuseApprover(started, [], anApproval('anna'))).toMatchObject({ code: 'own-approval' });
    expect(refuseApprover({ ...started, startedBy: 'runner@ci' }, [], anApproval('anna'))).toBeNull();
  });

  it('a signature from the requester’s terminal is the signer’s', () => {
    const mine = { ...housed, requestedBy: 'anna@laptop' };
    const signedBy = { name: 'kim', fingerprint: 'SHA256:k' };
    expect(refuseApprover(mine, [], { who: 'kim', claim: 'anna@laptop', signedBy })).toBeNull();
    expect(refuseApprover(mine, [], { who: 'kim', claim: 'anna@laptop' })).toMatchObject({ code: 'own-approval' });
  });
});

describe('a quorum', () => {
  const grouped = { ...housed, needed: 2, groups: { dba: 1, security: 1 } };
  for (const [name, who, missing, other = {}] of [
    ['is missed by all at first', [], '1 of dba, 1 of security, 2 in all'],
    ['is missed by one group and one person', ['anna'], '1 of security'],
    ['is not reached by two of one group', ['anna', 'pat'], '1 of security'],
    ['is not reached by one person with two seats', ['kim'], '1'],
    ['is reached by one of each', ['anna', 'sam'], ''],
    ['is reached when one person has both seats, and another one approves', ['kim', 'pat'], ''],
    ['is missed by more people than one group says', [], '1 of dba, 3 in all', { needed: 3, groups: { dba: 1 } }],
    ['counts a person once', ['anna', 'anna', 'Anna '], '1 of security'],
  ] as const) {
    it(name, () => expect(missingText(missingApprovals({ ...grouped, ...other }, who.map(of)))).toBe(missing));
  }

  it('that nobody is left for is said at once', () => {
    expect(hopelessApprovals(grouped)).toBeNull();
    expect(hopelessApprovals({ ...grouped, requestedBy: 'kim@laptop' })).toBeNull();
    const strict = { ...grouped, groups: { dba: 2 } };
    expect(hopelessApprovals({ ...strict, requestedBy: 'kim@laptop' })).toMatchObject({
      code: 'nobody-can-approve',
      message: expect.stringContaining('2 of dba needed, 1 possible'),
    });
    expect(hopelessApprovals({ ...strict, requestedBy: 'kim@laptop', fourEyes: false })).toBeNull();
    const keyless = [anApprover('anna', [], { signs: false })];
    expect(hopelessApprovals({ ...housed, approvers: keyless })).toBeNull();
    const one = { ...housed, signed: true, approvers: [anApprover('anna'), anApprover('kim', [], { signs: false })] };
    expect(hopelessApprovals({ ...one, requestedBy: 'anna' })).toMatchObject({ code: 'nobody-can-approve' });
  });

  const someone = fc.constantFrom('anna', 'kim', 'sam', 'pat', 'ANNA', ' kim');
  const someRules = fc.record({
    needed: fc.nat(4),
    requestedBy: fc.constantFrom('anna@laptop', 'kim', 'SAM@example.com', 'ci@pipeline'),
    groups: fc.record({ dba: fc.nat(2), security: fc.nat(2) }),
  });
  const personal = (name: string): string => name.trim().toLowerCase().split('@')[0] ?? '';

  it('is never reached by fewer people than it needs, nor with the requester', () => {
    fc.assert(
      fc.property(someRules, fc.array(someone), (some, given) => {
        const all = { ...housed, ...some };
        const others = new Set(given.map(personal).filter((name) => name !== personal(some.requestedBy)));
        if (
          isApproved(
            all,
            given.map(of).map((one, i) => ({ ...one, groups: groupsOf(given[i] ?? '') })),
          )
        ) {
          expect(others.size).toBeGreaterThanOrEqual(some.needed);
          for (const [group, quota] of Object.entries(some.groups))
            expect([...others].filter((name) => groupsOf(name).includes(group)).length).toBeGreaterThanOrEqual(quota);
        }
      }),
    );
  });

  it('is reached by whoever is let in one after the other, exactly when it can be', () => {
    fc.assert(
      fc.property(someRules, fc.shuffledSubarray(['anna', 'kim', 'sam', 'pat'], { minLength: 4 }), (some, order) => {
        const all = { ...housed, ...some };
        const given: Approval[] = [];
        for (const name of order) if (refuseApprover(all, given, of(name)) === null) given.push(of(name));
        expect(isApproved(all, given)).toBe(hopelessApprovals(all) === null);
      }),
    );
  });

  function groupsOf(name: string): readonly string[] {
    return house.find((one) => one.name === personal(name))?.groups ?? [];
  }
});

describe('where only signed approvals count', () => {
  const strict = { ...rules, signed: true, target: 'shop-db' };
  it('a claim is refused with the command to run', () => {
    expect(refuseApproval(strict, input)).toMatchObject({
      code: 'signature-needed',
      hint: 'Run: knowngood approve shop-db:c1 --sign',
    });
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
