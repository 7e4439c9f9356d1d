/** Which signed approvals are taken: by the keys that are listed now, for what is asked now. */
import { describe, expect, it } from '@jest/globals';
import { judgeSignature, type SignedApproval } from '../../activities/signature.ts';
import { approvalNamespace, statementText, type ApprovalStatement } from '../../domain/approval-statement.ts';
import type { ApproverConfig } from '../../domain/config.ts';
import { armored, bytesToSign } from '../../signing/sshsig.ts';
import { aKeyPair } from '../support/ssh-agent.ts';

const now = Date.parse('2026-03-01T10:00:00Z');
const [anna, kim, stranger] = [aKeyPair(), aKeyPair(), aKeyPair()];
const ecdsa = aKeyPair('ecdsa');
const rsa = aKeyPair('rsa');
const approver = (name: string, ...lines: string[]): ApproverConfig => ({
  name,
  identities: [],
  groups: name === 'anna' ? ['dba'] : [],
  signs: lines.length > 0,
  keys: lines,
});
const approvers = [approver('anna', anna.line), approver('kim', aKeyPair().line, kim.line), approver('pat')];
const asked = {
  target: 'shop-db',
  changeId: 'c-1',
  workflowId: 'knowngood:shop-db:c-1',
  runId: 'run-1',
  planHash: 'ab12',
  risk: 'high',
} as const;

interface Bent {
  readonly by?: typeof anna;
  readonly about?: Partial<ApprovalStatement>;
  readonly namespace?: string;
  readonly of?: string;
}

function anApproval({ by = anna, about = {}, namespace = approvalNamespace, of }: Bent = {}): SignedApproval {
  const statement = statementText({
    ...asked,
    who: 'anna',
    why: 'seen',
    signedAt: '2026-03-01T09:59:30Z',
    ...about,
  });
  const raw = by.key.sign(bytesToSign(of ?? statement, namespace));
  return { asked, statement, signature: armored(by.key.getPublicSSH(), namespace, raw) };
}

const verdictOf = (approval: SignedApproval, known = approvers): string => {
  const verdict = judgeSignature(known, approval, now);
  return verdict.kind === 'signed' ? verdict.name : (verdict.problems[0]?.code ?? '');
};

describe('a signed approval', () => {
  it('is of the approver whose key it bears, with the groups as they are now', () => {
    expect(judgeSignature(approvers, anApproval(), now)).toEqual({
      kind: 'signed',
      name: 'anna',
      groups: ['dba'],
      fingerprint: expect.stringMatching(/^SHA256:/),
    });
  });

  for (const [name, bent, want] of [
    ['by the second key of an approver is taken', { by: kim }, 'kim'],
    ['by a key that nobody lists is refused', { by: stranger }, 'unknown-key'],
    ['of another text is refused', { of: 'something else' }, 'signature-invalid'],
    ['that was made for git is refused', { namespace: 'git' }, 'wrong-namespace'],
    ['of another target is refused', { about: { target: 'other' } }, 'wrong-change'],
    ['of another change is refused', { about: { changeId: 'c-2' } }, 'wrong-change'],
    ['of another plan is refused', { about: { planHash: 'cd34' } }, 'wrong-plan'],
    ['of another risk is refused', { about: { risk: 'low' } }, 'wrong-plan'],
    ['of an earlier run is refused', { about: { runId: 'run-0' } }, 'approval-stale'],
    ['that is too old is refused', { about: { signedAt: '2026-03-01T08:00:00Z' } }, 'signature-too-old'],
    ['from the future is refused', { about: { signedAt: '2026-03-01T11:00:00Z' } }, 'signature-ahead'],
    ['by an ECDSA key is refused', { by: ecdsa }, 'wrong-key-type'],
    ['by an RSA key is refused', { by: rsa }, 'wrong-key-type'],
  ] as const) {
    it(name, () => expect(verdictOf(anApproval(bent))).toBe(want));
  }

  it('by a key that was taken out since is refused, as where nobody is listed', () => {
    expect(verdictOf(anApproval(), approvers.slice(1))).toBe('unknown-key');
    expect(verdictOf(anApproval(), [])).toBe('unknown-key');
  });

  it('whose text was changed afterwards is refused', () => {
    const approval = anApproval();
    expect(verdictOf({ ...approval, statement: approval.statement.replace('"seen"', '"unseen"') })).toBe(
      'signature-invalid',
    );
    expect(verdictOf({ ...approval, statement: `${approval.statement}\n` })).toBe('bad-statement');
  });
});
