/** Listens to operators and pipelines: validators say no with the reason, handlers record what was decided. */
import { currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { refuseApproval, refuseName } from '../domain/approvals.ts';
import { isProblem, parseExtension, parseOperatorInput, type OperatorInput } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import { isApproved } from '../domain/approvals.ts';
import { approvalsOf, rulesOf } from './approval-rules.ts';
import type { Origin } from '../activities/contract.ts';
import { counted, countText, hear } from './approving.ts';
import { callerOf, progressMarginMs } from './caller.ts';
import { saying, undecided, type Operators, type Spoken } from './decisions.ts';
import { problemOf } from './ending.ts';
import { note, show, viewOf, type Flow } from './flow.ts';
import { possibleNow } from './possible.ts';
import { seen } from './live.ts';
import {
  checksSeen,
  descriptions,
  journalClosed,
  operatorSignals,
  operatorUpdates,
  viewQuery,
  type OperatorWord,
} from './messages.ts';
import { listenToPipeline } from './pipeline.ts';
import { record, saidIn, type Said } from './recording.ts';
import { agent } from './steps.ts';
import { acknowledgeNotices, listenToNotices } from './telling.ts';
import { failedUpdate, harmless, refusal } from './refusal.ts';

export function listen(flow: Flow): Operators {
  const operators = undecided();
  const signals: Record<string, number> = {};
  setHandler(viewQuery, () => viewOf(flow), { description: 'The state of this change as JSON.' });

  for (const word of Object.keys(operatorUpdates) as OperatorWord[]) {
    setHandler(
      operatorUpdates[word],
      async (input?: unknown) => {
        const refused = await act(flow, operators, word, input, { updateId: currentUpdateInfo()?.id ?? '' });
        // The Web UI's dialog shows it as it shows a validator's; the timeline keeps who has tried.
        if (refused && word === 'approve') ignored(flow, `update ${word}`, refused);
        if (refused) throw failedUpdate(refused);
        return `${word}: recorded`;
      },
      {
        description: descriptions[word],
        validator: (input?: unknown) => {
          const refused = refuse(flow, operators, word, input) ?? refuseBeforehand(flow, word, input);
          if (refused) throw refusal(refused);
        },
      },
    );
    setHandler(
      operatorSignals[word],
      async (input?: unknown) => {
        const index = signals[word] ?? 0;
        signals[word] = index + 1;
        const refused = await actOnSignal(flow, operators, word, input, { signal: word, index });
        if (refused) ignored(flow, `signal ${word}`, refused);
      },
      { description: descriptions[word] },
    );
  }
  listenToPipeline(flow, operators);
  setHandler(
    checksSeen,
    harmless((input) => seen(flow, input)),
    { description: 'Sent by the probe itself.' },
  );
  listenToNotices(flow);
  setHandler(journalClosed, () => void (operators.journalClosed = true), {
    description: 'Sent by the agent, when it has ended the change on its own.',
  });
  return operators;
}

/** Each of them would be a line of the timeline. */
const mostIgnored = 50;

function ignored(flow: Flow, what: string, refused: Problem): void {
  flow.ignoredSignals += 1;
  if (flow.ignoredSignals <= mostIgnored) note(flow, `${what} had no effect: ${inWords(refused)}`);
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
  if ('signed' in parsed) return { code: 'signature-not-asked', message: `only an approval is signed, ${word} is not` };
  return null;
}

/** Not of Signals: what an earlier version has let through to the activity must go there when it is replayed. */
function refuseBeforehand(flow: Flow, word: OperatorWord, input: unknown): Problem | null {
  const parsed = word === 'approve' ? parseOperatorInput(input) : null;
  return parsed === null || isProblem(parsed) ? null : refuseName(rulesOf(flow), parsed, approvalsOf(flow));
}

async function act(
  flow: Flow,
  operators: Operators,
  word: OperatorWord,
  input: unknown,
  origin: Origin,
): Promise<Problem | null> {
  const said = saidIn(word, input);
  if (word === 'extend') return recorded(flow, said, await extend(flow, input));
  const parsed = parseOperatorInput(input) as OperatorInput;
  if (word === 'approve') return approve(flow, operators, parsed, origin, said);
  // An abort must work while the orchestrator's activities do not: it never waits for the sender's name.
  const spoken = { who: parsed.who ?? 'an operator', why: parsed.why };
  switch (word) {
    case 'reject':
      if (flow.held !== null)
        operators.ruling = { hash: flow.held.hash, allow: false, by: `left closed by ${saying(spoken)}` };
      else operators.rejected = spoken;
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
      return recorded(flow, said, await passOn(flow, spoken));
    default:
      return word satisfies never;
  }
  note(flow, `${word} by ${saying(spoken)}`);
  return recorded(flow, said, null);
}

/** An exception from a Signal ends the workflow, and with it the revert of what is in force. */
async function actOnSignal(
  flow: Flow,
  operators: Operators,
  word: OperatorWord,
  input: unknown,
  origin: Origin,
): Promise<Problem | null> {
  const noEffect = (problem: Problem): Problem | null => recorded(flow, saidIn(word, input), problem);
  const refused = refuse(flow, operators, word, input);
  if (refused !== null) return noEffect(refused);
  return act(flow, operators, word, input, origin).catch((error: unknown) => noEffect(problemOf(error)));
}

function recorded(flow: Flow, said: Said, refused: Problem | null): Problem | null {
  record(flow, said, refused);
  return refused;
}

async function passOn(flow: Flow, spoken: Spoken): Promise<Problem | null> {
  const failed = await acknowledgeNotices(flow, spoken);
  if (failed === null) note(flow, `acknowledge by ${saying(spoken)}`);
  return failed;
}

async function approve(
  flow: Flow,
  operators: Operators,
  input: OperatorInput,
  origin: Origin,
  said: Said,
): Promise<Problem | null> {
  const { request, plan } = flow;
  const { target, changeId } = request;
  const { held } = flow;
  const bound = held === null ? plan : { hash: held.hash, risk: 'high' as const };
  const asked = { target, changeId, planHash: bound?.hash ?? null, risk: bound?.risk ?? null };
  const heard = await hear(input, origin, asked);
  // The wait for the sender's identity may have outlived the phase, or the plan.
  if (flow.held?.hash !== held?.hash || !possibleNow(flow).includes('approve'))
    return recorded(flow, said, wrongPhase(flow, 'approve'));
  if (isProblem(heard)) return recorded(flow, said, heard);
  const rules = rulesOf(flow);
  const approval = refuseApproval(rules, input) ?? counted(rules, approvalsOf(flow), heard);
  const { sender, signedBy } = heard;
  const known = { ...said, claim: sender.identity, ...(signedBy === undefined ? {} : { key: signedBy.fingerprint }) };
  if (isProblem(approval)) return recorded(flow, known, approval);
  const given = approvalsOf(flow);
  given.push(approval);
  if (flow.held === null) operators.approvalRunId = heard.sender.runId;
  else if (isApproved(rules, given)) {
    const by = `opened again by ${given.map(({ who }) => who).join(', ')}`;
    operators.ruling = { hash: flow.held.hash, allow: true, by, ...approval.evidence };
  }
  note(flow, `approved by ${saying(approval)} ${countText(rules, given, approval)}`);
  return recorded(flow, { ...known, who: approval.who }, null);
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

function nothingToAcknowledge({ told }: Flow): Problem {
  const by = told.findLast(({ callsUntil, isOver }) => callsUntil !== null && !isOver)?.acknowledgedBy ?? '';
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
