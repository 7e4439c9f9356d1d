/** Takes an approval in: who has sent it, whose signature it bears, whether it counts. For everything that people approve. */
import { workflowInfo } from '@temporalio/workflow';
import type { Asked, Origin, Sender } from '../activities/contract.ts';
import {
  isApproved,
  missingApprovals,
  missingText,
  refuseApprover,
  whoApproves,
  type ApprovalRules,
  type Approving,
} from '../domain/approvals.ts';
import { isProblem, type OperatorInput } from '../domain/operator-input.ts';
import type { Problem } from '../domain/problem.ts';
import type { Approval } from '../domain/view.ts';
import { orchestrator } from './steps.ts';

/** An approval as it came, with what only activities can tell of it. */
export interface Heard extends Pick<Approving, 'signedBy'> {
  readonly input: OperatorInput;
  readonly sender: Sender;
}

export async function hear(
  input: OperatorInput,
  origin: Origin,
  asked: Omit<Asked, 'workflowId'>,
): Promise<Heard | Problem> {
  const { workflowId } = workflowInfo();
  const sender = await orchestrator('read who sent it').claimedIdentity({ workflowId, ...origin });
  if (sender.reapplied) return { code: 'approval-stale', message: 'this approval was given before a Reset: ask again' };
  const { signed } = input;
  if (signed === undefined) return { input, sender };
  const { text: statement, signature } = signed;
  const checked = await orchestrator('check the signature').checkSignature({
    asked: { ...asked, workflowId },
    statement,
    signature,
  });
  if (checked.kind === 'refused') return checked.problems[0] ?? { code: 'bad-signature', message: 'not accepted' };
  const { name, fingerprint, groups } = checked;
  return { input, sender, signedBy: { name, fingerprint, groups } };
}

/** `rules` and `given` as they are after the hearing: others may have been heard meanwhile. */
export function counted(rules: ApprovalRules, given: readonly Approval[], heard: Heard): Approval | Problem {
  const { input, sender, signedBy } = heard;
  const person = whoApproves(rules, {
    typed: input.who,
    claim: sender.identity,
    ...(signedBy === undefined ? {} : { signedBy }),
  });
  if (isProblem(person)) return person;
  const approval: Approval = {
    who: person.who,
    claim: sender.identity,
    why: input.why,
    at: Date.now(),
    ...(person.groups.length === 0 ? {} : { groups: person.groups }),
    ...(signedBy === undefined || input.signed === undefined
      ? {}
      : {
          signedBy: { name: signedBy.name, fingerprint: signedBy.fingerprint },
          evidence: { statement: input.signed.text, signature: input.signed.signature },
        }),
  };
  return refuseApprover({ ...rules, startedBy: sender.startedBy ?? null }, given, approval) ?? approval;
}

/** `(signed, SHA256:…; 1 of 2; missing: 1 of security)`, after the approval was taken in. */
export function countText(rules: ApprovalRules, given: readonly Approval[], { signedBy }: Approval): string {
  const missing = missingText(missingApprovals(rules, given));
  const plainCount = Object.keys(rules.groups ?? {}).length === 0 || isApproved(rules, given);
  const words = [
    ...(signedBy === undefined ? [] : [`signed, ${signedBy.fingerprint}`]),
    `${given.length} of ${rules.needed}`,
    ...(plainCount ? [] : [`missing: ${missing}`]),
  ];
  return `(${words.join('; ')})`;
}
