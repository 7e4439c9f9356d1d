/** Whether a signed approval is one, by the keys that knowngood.yaml lists now: a key that was taken out signs nothing more. */
import { approvalNamespace, readStatement, refuseStatement } from '../domain/approval-statement.ts';
import type { ApproverConfig } from '../domain/config.ts';
import type { Problem } from '../domain/problem.ts';
import { readPublicKeyLine } from '../signing/public-key.ts';
import { verifiedKey } from '../signing/sshsig.ts';
import type { Asked, Refused, Signer } from './contract.ts';

export interface SignedApproval {
  /** What is to be approved, as the workflow has it. */
  readonly asked: Asked & { readonly runId: string };
  readonly statement: string;
  readonly signature: string;
}

export function judgeSignature(
  approvers: readonly ApproverConfig[],
  { asked, statement, signature }: SignedApproval,
  now: number,
): Signer | Refused {
  const said = readStatement(statement);
  if (said === null) return refused({ code: 'bad-statement', message: 'the signed text is no approval of this form' });
  const wrong = refuseStatement(said, asked, now);
  if (wrong !== null) return refused(wrong);
  const key = verifiedKey(statement, approvalNamespace, signature);
  if ('code' in key) return refused(key);
  const owner = approvers.find(({ keys }) =>
    keys.some((line) => {
      const listed = readPublicKeyLine(line);
      return 'blob' in listed && listed.blob.equals(key.blob);
    }),
  );
  if (owner === undefined)
    return refused({
      code: 'unknown-key',
      message: `the key ${key.fingerprint} is no approver's`,
      detail: 'It is not listed in knowngood.yaml, or not any more.',
      hint: 'Add its public line under approvers, keys.',
    });
  return { kind: 'signed', name: owner.name, groups: owner.groups, fingerprint: key.fingerprint };
}

function refused(problem: Problem): Refused {
  return { kind: 'refused', problems: [problem] };
}
