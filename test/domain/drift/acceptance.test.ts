/** What it takes to make a drifted configuration the known-good one. */
import { describe, expect, it } from '@jest/globals';
import { acceptReasons, approvalsNeeded } from '../../../domain/drift/acceptance.ts';
import { defaultClasses, greatestRisk } from '../../../domain/plan/risk.ts';
import { aSqlCheck } from '../../probes/builders.ts';
import { anAdmittedChange } from '../../store/builders.ts';
import { aDrift, aLoss, anImpact, anItem, theHba } from './builders.ts';

const { policy } = anAdmittedChange();

describe('the risk of an acceptance', () => {
  for (const [name, drift, want] of [
    ['is low for a setting', aDrift(), 'low'],
    ['is high for a file that decides who gets in', aDrift({ items: [theHba] }), 'high'],
    ['is high for a role', aDrift({ items: [anItem({ key: 'role:x', section: 'roles' })] }), 'high'],
    ['is high where nobody can tell who is affected', aDrift({ access: null }), 'high'],
    ['is high where there is nothing to compare with', null, 'high'],
    ['is refused where a dependent has lost access', aDrift({ access: anImpact({ lost: [aLoss()] }) }), 'refused'],
  ] as const)
    it(name, () => expect(greatestRisk(acceptReasons(drift, policy), defaultClasses)).toBe(want));
});

describe('approvals', () => {
  const required = [aSqlCheck()];
  it('are as many as the policy asks for at this risk', () => {
    expect(approvalsNeeded('low', policy, required)).toBe(0);
    expect(approvalsNeeded('high', policy, required)).toBe(1);
  });

  it('are one at least where no required check can tell', () => {
    expect(approvalsNeeded('low', policy, [aSqlCheck({ level: 'advisory' })])).toBe(1);
    expect(approvalsNeeded('low', policy, [])).toBe(1);
  });
});
