/** An acceptance as people see it, in Temporal's details and in a shell: how far its approvals are, and what one can do. */
import { describe, expect, it } from '@jest/globals';
import { renderAcceptance, renderAsked } from '../../../cli/render/drift.ts';
import { type AcceptView, acceptDetails } from '../../../domain/drift/acceptance.ts';

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
