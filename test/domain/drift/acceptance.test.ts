/** What it takes to make a drifted configuration the known-good one, and how people see how far it is. */
import { describe, expect, it } from '@jest/globals';
import { acceptReasons, acceptDetails, approvalsNeeded, type AcceptView } from '../../../domain/drift/acceptance.ts';
import { renderAcceptance, renderAsked } from '../../../cli/render/drift.ts';
import type { Policy } from '../../../domain/change.ts';
import type { CheckSpec } from '../../../domain/check.ts';
import { defaultClasses, greatestRisk } from '../../../domain/plan/risk.ts';
import { anAdmittedChange } from '../../store/builders.ts';
import { aDrift, aLoss, anImpact, anItem, theHba } from './builders.ts';

const { policy } = anAdmittedChange();

describe('the risk of an acceptance', () => {
  for (const [name, drift, want] of [
    ['is low for a setting', aDrift(), 'low'],
    ['is high for a file that decides who gets in', aDrift({ items: [theHba] }), 'high'],
    ...(
      [
        'archive_command',
        'shared_preload_libraries',
        'local_preload_libraries',
        'ssl',
        'password_encryption',
        'row_security',
      ] as const
    ).map((name) => [`is high for ${name}`, aDrift({ items: [anItem({ key: `setting:${name}` })] }), 'high'] as const),
    ...(['tls', 'secret', 'hba', 'auth-list', 'debian'] as const).map(
      (role) =>
        [
          `is high for a file of role ${role}, whatever its name`,
          aDrift({ items: [anItem({ key: 'file:/etc/x', section: 'files', role })] }),
          'high',
        ] as const,
    ),
    [
      'is low for a file of settings: each of them is an item of its own',
      aDrift({ items: [anItem({ key: 'file:/data/ident.conf', section: 'files', role: 'include' })] }),
      'low',
    ],
    ['is high for items that are not shown', aDrift({ moreItems: 1 }), 'high'],
    ['is high for a role', aDrift({ items: [anItem({ key: 'role:x', section: 'roles' })] }), 'high'],
    ['is high where nobody can tell who is affected', aDrift({ access: null }), 'high'],
    ['is high where there is nothing to compare with', null, 'high'],
    ['is refused where a dependent has lost access', aDrift({ access: anImpact({ lost: [aLoss()] }) }), 'refused'],
  ] as const)
    it(name, () => expect(greatestRisk(acceptReasons(drift, policy), defaultClasses)).toBe(want));
});

const view: AcceptView = {
  target: 'shop-db',
  acceptId: 'a1',
  requestedBy: 'ci',
  reason: 'a new rack',
  phase: 'approve',
  deadlineAt: Date.UTC(2026, 2, 1, 10),
  snapshotId: '3f1c00112233445566',
  drift: null,
  risk: 'high',
  reasons: [],
  approvals: {
    needed: 2,
    given: [
      {
        who: 'anna',
        claim: 'anna@laptop',
        why: 'seen',
        at: Date.UTC(2026, 2, 1, 9),
        groups: ['dba'],
        signedBy: { name: 'anna', fingerprint: 'SHA256:abc' },
      },
    ],
    signed: true,
    missing: { people: 1, groups: [{ group: 'security', people: 1 }] },
  },
  fourEyes: true,
  rejected: null,
  result: null,
};

describe('what waits for approval', () => {
  it('shows who approved, what is missing, and the command that signs', () => {
    const text = acceptDetails(view);
    expect(text).toMatch(
      /Risk: \*\*high\*\*\. Approvals: \*\*1 of 2\*\*: anna \(signed, `SHA256:abc`\) at 09:00\S*( UTC)?; missing: 1 of security; only signed ones count\./,
    );
    expect(text).toContain('`knowngood drift approve shop-db:a1 --sign`');
    expect(text).not.toContain('Send an Update: `approve`');
  });

  it('is approved by an Update where a claim is enough', () => {
    const text = acceptDetails({ ...view, approvals: { needed: 1, given: [], missing: { people: 1, groups: [] } } });
    expect(text).toContain('Approvals: **0 of 1**; missing: 1.');
    expect(text).toContain('Send an Update: `approve`');
    expect(text).toContain('`knowngood drift approve shop-db:a1`');
  });

  it('says so where nobody is asked', () => {
    expect(acceptDetails({ ...view, approvals: { needed: 0, given: [] } })).toContain('Approvals: none needed.');
  });

  it('is told in a shell with the same words', () => {
    expect(renderAcceptance(view)).toContain('\n  approvals   1 of 2; missing: 1 of security; signed ones only\n');
    expect(renderAcceptance(view)).toContain('\n  approved    by anna (signed, SHA256:abc): seen\n');
    expect(renderAsked(view)).toMatch(/\n\napprove it with: knowngood drift approve shop-db:a1 --sign$/);
  });
});

describe('how many approve it', () => {
  const asked = { approvals: { low: 0, high: 2 } } as Policy;
  const checks = (level: CheckSpec['level']): CheckSpec[] => [{ level } as CheckSpec];
  for (const [name, risk, level, want] of [
    ['is what the policy says', 'high', 'required', 2],
    ['is nobody where the policy says so and something watches', 'low', 'required', 0],
    ['is one at least where nothing that must pass watches', 'low', 'advisory', 1],
    ['is what the policy says even then', 'high', 'advisory', 2],
  ] as const) {
    it(name, () => expect(approvalsNeeded(risk, asked, checks(level))).toBe(want));
  }
});
