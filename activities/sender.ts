/** Who sent an Update or a Signal: the claim in the request, read back from history, and whether a Reset replayed it. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Origin, Sender } from './contract.ts';
import { type HistoryEvent, historyOf, isResetMark } from './history.ts';

const { EventType, UpdateAdmittedEventOrigin } = proto.temporal.api.enums.v1;

export async function readSender(client: Client, workflowId: string, runId: string, origin: Origin): Promise<Sender> {
  const events = await historyOf(client, workflowId, runId);
  const sender =
    'updateId' in origin
      ? senderOfUpdate(events, runId, origin.updateId)
      : senderOfSignal(events, runId, origin.signal, origin.index);
  return { ...sender, startedBy: events[0]?.workflowExecutionStartedEventAttributes?.identity || null };
}

function senderOfUpdate(events: readonly HistoryEvent[], runId: string, updateId: string): Sender {
  const admitted = events.find(
    ({ workflowExecutionUpdateAdmittedEventAttributes: event }) => event?.request?.meta?.updateId === updateId,
  )?.workflowExecutionUpdateAdmittedEventAttributes;
  const accepted = events.find(
    ({ workflowExecutionUpdateAcceptedEventAttributes: event }) => event?.acceptedRequest?.meta?.updateId === updateId,
  )?.workflowExecutionUpdateAcceptedEventAttributes;
  const identity = accepted?.acceptedRequest?.meta?.identity ?? admitted?.request?.meta?.identity;
  return {
    identity: identity || null,
    runId,
    reapplied: admitted?.origin === UpdateAdmittedEventOrigin.UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY,
  };
}

/** A Reset copies later signals in right behind the failed workflow task that marks it. */
function senderOfSignal(events: readonly HistoryEvent[], runId: string, signal: string, index: number): Sender {
  let seen = 0;
  let behindReset = false;
  for (const event of events) {
    if (event.workflowTaskFailedEventAttributes) behindReset = isResetMark(event);
    else if (event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) behindReset = false;
    const signaled = event.workflowExecutionSignaledEventAttributes;
    if (signaled?.signalName !== signal || seen++ !== index) continue;
    return { identity: signaled.identity || null, runId, reapplied: behindReset };
  }
  return { identity: null, runId, reapplied: false };
}
