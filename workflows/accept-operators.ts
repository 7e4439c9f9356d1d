/** Listens to who approves or rejects an acceptance, by the rules of guarded changes: validators say no with the reason. */
import { currentUpdateInfo, defineQuery, setHandler, workflowInfo } from '@temporalio/workflow';
import { refuseApproval, refuseName } from '../domain/approvals.ts';
import type { AcceptView } from '../domain/drift/acceptance.ts';
import { type OperatorInput, isProblem, parseOperatorInput } from '../domain/operator-input.ts';
import type { Problem } from '../domain/problem.ts';
import { type Acceptance, rulesOf, show, viewOf } from './accepting.ts';
import { counted, countText, hear } from './approving.ts';
import { operatorUpdates } from './messages.ts';
import { orchestrator } from './steps.ts';
import { failedUpdate, refusal } from './refusal.ts';

const acceptView = defineQuery<AcceptView>('view');

const descriptions = {
  approve:
    'Let the live configuration become known-good. Argument: nothing, or "name: reason", for example "Kim: seen the diff".',
  reject: 'Leave known-good what it is. Argument: "name: reason", for example "Kim: not this".',
} as const;

type Word = keyof typeof descriptions;

export function listen(flow: Acceptance): void {
  setHandler(acceptView, () => viewOf(flow), { description: 'The state of this acceptance as JSON.' });
  for (const word of Object.keys(descriptions) as Word[]) {
    setHandler(
      operatorUpdates[word],
      async (input?: unknown) => {
        const answer = await act(flow, word, input, currentUpdateInfo()?.id ?? '');
        if (typeof answer !== 'string') throw failedUpdate(answer);
        show(flow);
        return answer;
      },
      {
        description: descriptions[word],
        validator: (input?: unknown) => {
          const no = refuse(flow, word, input);
          if (no) throw refusal(no);
        },
      },
    );
  }
}

function refuse(flow: Acceptance, word: Word, input: unknown): Problem | null {
  const parsed = parseOperatorInput(input);
  if (isProblem(parsed)) return parsed;
  if (flow.phase !== 'approve') return wrongPhase(flow, word);
  const rules = rulesOf(flow);
  if (word === 'approve') return refuseApproval(rules, parsed) ?? refuseName(rules, parsed, flow.approvals);
  if (parsed.signed !== undefined)
    return { code: 'signature-not-asked', message: `only an approval is signed, ${word} is not` };
  return refuseApproval({ ...rules, signed: false }, parsed);
}

async function act(flow: Acceptance, word: Word, input: unknown, updateId: string): Promise<string | Problem> {
  const parsed = parseOperatorInput(input) as OperatorInput;
  return word === 'approve' ? approve(flow, parsed, updateId) : reject(flow, parsed, updateId);
}

async function approve(flow: Acceptance, input: OperatorInput, updateId: string): Promise<string | Problem> {
  const { target, acceptId, snapshotId, risk } = flow;
  const heard = await hear(input, { updateId }, { target, changeId: acceptId, planHash: snapshotId, risk });
  // The wait for the sender's identity may have outlived the phase.
  if (flow.phase !== 'approve') return wrongPhase(flow, 'approve');
  if (isProblem(heard)) return heard;
  const rules = rulesOf(flow);
  const approval = counted(rules, flow.approvals, heard);
  if (isProblem(approval)) return approval;
  flow.approvals.push(approval);
  return `approve: recorded ${countText(rules, flow.approvals, approval)}`;
}

async function reject(flow: Acceptance, input: OperatorInput, updateId: string): Promise<string | Problem> {
  const { workflowId } = workflowInfo();
  const sender = await orchestrator('read who sent it').claimedIdentity({ workflowId, updateId });
  if (flow.phase !== 'approve') return wrongPhase(flow, 'reject');
  if (sender.reapplied) return { code: 'approval-stale', message: 'this was said before a Reset: say it again' };
  flow.rejected = { who: input.who ?? sender.identity ?? 'an operator', why: input.why };
  return 'reject: recorded';
}

function wrongPhase({ phase }: Acceptance, word: Word): Problem {
  return { code: 'wrong-phase', message: `${word} has no effect in phase ${phase}` };
}
