/** Listens to operators and pipelines: validators say no with the reason, handlers record what was decided. */
import { ApplicationFailure, currentUpdateInfo, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Sender } from '../activities/contract.ts';
import { refuseApproval, refuseApprover, type ApprovalRules } from '../domain/approvals.ts';
import { isProblem, parseExtension, parseOperatorInput, type OperatorInput } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import { callerOf, progressMarginMs } from './caller.ts';
import { undecided, type Operators, type Spoken } from './decisions.ts';
import { problemOf } from './ending.ts';
import { note, possibleNow, show, viewOf, type Flow } from './flow.ts';
import {
  descriptions,
  journalClosed,
  operatorSignals,
  operatorUpdates,
  viewQuery,
  type OperatorWord,
} from './messages.ts';
import { listenToPipeline } from './pipeline.ts';
import { agent, orchestrator } from './steps.ts';
import { acknowledgeNotices, listenToNotices } from './telling.ts';

type Origin = { readonly updateId: string } | { readonly signal: string; readonly index: number };

export function listen(flow: Flow): Operators {
  const operators = undecided();
  const signals: Record<string, number> = {};
  setHandler(viewQuery, () => viewOf(flow), { description: 'The state of this change as JSON.' });

  for (const word of Object.keys(operatorUpdates) as OperatorWord[]) {
    setHandler(
      operatorUpdates[word],
      async (input?: unknown) => {
        const refused = await act(flow, operators, word, input, { updateId: currentUpdateInfo()?.id ?? '' });
        if (refused) throw ApplicationFailure.nonRetryable(inWords(refused), refused.code, refused);
        return `${word}: recorded`;
      },
      {
        description: descriptions[word],
        validator: (input?: unknown) => {
          const refused = refuse(flow, operators, word, input);
          if (refused) throw new Error(inWords(refused));
        },
      },
    );
    setHandler(
      operatorSignals[word],
      async (input?: unknown) => {
        const index = signals[word] ?? 0;
        signals[word] = index + 1;
        const refused =
          refuse(flow, operators, word, input) ??
          // An exception from a Signal ends the workflow, and with it the revert of what is in force.
          (await act(flow, operators, word, input, { signal: word, index }).catch(problemOf));
        if (refused) ignored(flow, word, refused);
      },
      { description: descriptions[word] },
    );
  }
  listenToPipeline(flow, operators);
  listenToNotices(flow);
  setHandler(journalClosed, () => {
    operators.journalClosed = true;
  });
  return operators;
}

/** Each of them would be a line of the timeline. */
const mostIgnored = 50;

function ignored(flow: Flow, word: OperatorWord, refused: Problem): void {
  flow.ignoredSignals += 1;
  if (flow.ignoredSignals <= mostIgnored) note(flow, `signal ${word} had no effect: ${inWords(refused)}`);
}

/** All that can be told at once, before anything is recorded. */
function refuse(flow: Flow, operators: Operators, word: OperatorWord, input: unknown): Problem | null {
  const parsed = word === 'extend' ? parseExtension(input) : parseOperatorInput(input);
  if (isProblem(parsed)) return parsed;
  if ('changeId' in parsed && parsed.changeId !== null && parsed.changeId !== flow.request.changeId)
    return { code: 'wrong-change', message: `this change is ${flow.request.changeId}, not ${parsed.changeId}` };
  if (!possibleNow(flow).includes(word))
    return word === 'acknowledge' ? nothingToAcknowledge(flow) : wrongPhase(flow, word);
  if (operators.aborted && word !== 'abandon' && word !== 'acknowledge')
    return { code: 'aborted-already', message: 'this change has been aborted already' };
  if (word === 'approve') return refuseApproval(rulesOf(flow), parsed as OperatorInput);
  return null;
}

async function act(
  flow: Flow,
  operators: Operators,
  word: OperatorWord,
  input: unknown,
  origin: Origin,
): Promise<Problem | null> {
  if (word === 'extend') return extend(flow, input);
  const parsed = parseOperatorInput(input) as OperatorInput;
  // An abort must work while the orchestrator's activities do not: it never waits for the sender's name.
  const sender = word === 'approve' ? await senderOf(origin) : null;
  const spoken = { who: parsed.who ?? sender?.identity ?? 'an operator', why: parsed.why };
  switch (word) {
    case 'approve':
      return approve(flow, operators, spoken, sender);
    case 'reject':
      operators.rejected = spoken;
      break;
    case 'abort':
      operators.aborted = spoken;
      operators.onAbort();
      break;
    case 'confirm':
      operators.confirmed = spoken;
      break;
    case 'abandon':
      operators.abandoned = spoken;
      break;
    case 'acknowledge':
      acknowledgeNotices(flow, saying(spoken));
      break;
    default:
      return word satisfies never;
  }
  note(flow, `${word} by ${saying(spoken)}`);
  return null;
}

function approve(flow: Flow, operators: Operators, spoken: Spoken, sender: Sender | null): Problem | null {
  // The wait for the sender's identity may have outlived the phase.
  if (flow.phase !== 'approve') return wrongPhase(flow, 'approve');
  if (sender?.reapplied)
    return { code: 'approval-stale', message: 'this approval was given before a Reset: ask again' };
  const approval = { ...spoken, claim: sender?.identity ?? null, at: Date.now() };
  const refused = refuseApprover(rulesOf(flow), flow.approvals, approval);
  if (refused) return refused;
  flow.approvals.push(approval);
  operators.approvalRunId = sender?.runId ?? null;
  note(flow, `approved by ${saying(spoken)} (${flow.approvals.length} of ${flow.approvalsNeeded})`);
  return null;
}

/** Before arm the deadline is the workflow's own; after it, only what the agent has persisted counts. */
async function extend(flow: Flow, input: unknown): Promise<Problem | null> {
  const extension = parseExtension(input);
  if (isProblem(extension)) return extension;
  const { phase, deadlineAt } = flow;
  if (deadlineAt === null) return wrongPhase(flow, 'extend');
  if (flow.armAttempted) {
    // Of two that overtake each other the later one holds both.
    flow.askedDeadlineAt = (flow.askedDeadlineAt ?? deadlineAt) + extension.ms;
    const durationMs = flow.askedDeadlineAt - Date.now() + progressMarginMs;
    const sequence = ++flow.sequence;
    const answer = await agent(flow.request.target, 'persist the extended deadline').deadline({
      ...callerOf(flow),
      sequence,
      durationMs,
      watching: phase === 'watch' || phase === 'hold',
    });
    const overtaken = answer.kind === 'unmoved' && flow.sequence > sequence;
    if (answer.kind !== 'moved' && !overtaken)
      return { code: 'not-extended', message: `the agent did not move the deadline: ${answer.kind}` };
    if (flow.phase !== phase) return wrongPhase(flow, 'extend');
  }
  flow.deadlineAt = (flow.deadlineAt ?? deadlineAt) + extension.ms;
  note(flow, `deadline moved by ${Math.round(extension.ms / 1000)} s${extension.why ? `: ${extension.why}` : ''}`);
  show(flow);
  return null;
}

async function senderOf(origin: Origin): Promise<Sender> {
  return orchestrator('read who sent it').claimedIdentity({ workflowId: workflowInfo().workflowId, ...origin });
}

function rulesOf(flow: Flow): ApprovalRules {
  return {
    needed: flow.approvalsNeeded,
    fourEyes: flow.change?.policy.fourEyes ?? true,
    requestedBy: flow.change?.requestedBy ?? '',
    changeId: flow.request.changeId,
    planHash: flow.plan?.hash ?? null,
  };
}

function nothingToAcknowledge({ told }: Flow): Problem {
  const by = told.findLast(({ asks, isOver }) => asks && !isOver)?.acknowledgedBy ?? '';
  return by === ''
    ? { code: 'nothing-to-acknowledge', message: 'nothing to acknowledge: nobody is being called about this change' }
    : { code: 'acknowledged-already', message: `it has been acknowledged already, by ${by}` };
}

function wrongPhase(flow: Flow, word: OperatorWord): Problem {
  const possible = possibleNow(flow);
  return {
    code: 'wrong-phase',
    message: `${word} has no effect in phase ${flow.phase}`,
    hint: possible.length > 0 ? `Possible now: ${possible.join(', ')}.` : 'Nothing can be decided in this phase.',
  };
}

function saying({ who, why }: Spoken): string {
  return why ? `${who}: ${why}` : who;
}
