/** Starts a guarded change, or attaches to it when it is there already: a change id is used once. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { ChangeRequest } from '../domain/change.ts';
import { orchestratorQueue, workflowIdOf } from '../domain/change.ts';
import { codeCell, codeSpan, detailsPage, escapeMarkdown, markdownTable, shorten } from '../domain/markdown.ts';
import { targetAttribute } from '../domain/search-attributes.ts';
import { changeHandle } from './change-handle.ts';
import type { ChangeHandle } from './change-handle.ts';
import { refusalOf, refused } from './refusals.ts';
import type { Refused } from './refusals.ts';

/** `attached`: it was started before, perhaps it has ended already. */
export type Started = { readonly kind: 'started' | 'attached'; readonly change: ChangeHandle } | Refused;

export async function startChange(client: Client, request: ChangeRequest): Promise<Started> {
  const workflowId = workflowIdOf(request.target, request.changeId);
  const change = changeHandle(client, request.target, request.changeId);
  try {
    await client.workflow.start('guardedChange', startOptions(request));
    return { kind: 'started', change };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return refusalOf(error, workflowId);
  }
  const earlier = await firstInput(client, workflowId).catch(() => null);
  if (earlier !== null && sameChange(earlier, request) === false) {
    return refused({
      code: 'change-id-taken',
      message: `change id "${request.changeId}" belongs to another change of ${request.target}`,
      detail: 'A change id is used once, so that a repeat can find the change it started.',
      hint: 'Choose another --change-id.',
    });
  }
  return { kind: 'attached', change };
}

export function startOptions(request: ChangeRequest): WorkflowStartOptions & { args: [ChangeRequest] } {
  return {
    workflowId: workflowIdOf(request.target, request.changeId),
    taskQueue: orchestratorQueue,
    args: [request],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    typedSearchAttributes: new TypedSearchAttributes([{ key: targetAttribute, value: request.target }]),
    staticSummary: summaryOf(request),
    staticDetails: detailsOf(request),
  };
}

function summaryOf({ target, change, reason = '' }: ChangeRequest): string {
  const what = { config: 'a declared change', command: 'a command on the host', external: "a pipeline's change" }[
    change.kind
  ];
  return `${target}: ${reason === '' ? what : escapeMarkdown(shorten(reason, 200))}`;
}

/** Markdown. Deep links are filled in by the Web UI. */
function detailsOf({ target, changeId, requestedBy, reason }: ChangeRequest): string {
  const rows = [
    ['target', codeCell(target)],
    ['change', codeCell(changeId)],
    ...(requestedBy === undefined ? [] : [['asked for by', codeCell(shorten(requestedBy, 300))]]),
    ...(reason === undefined ? [] : [['reason', codeCell(shorten(reason, 300))]]),
  ];
  return detailsPage([markdownTable({ head: ['', ''], rows }), ...whatHappens(target)]);
}

/** Holds in every phase, a worker that is away included: the rest stands in the current details. */
function whatHappens(target: string): readonly string[] {
  return [
    'snapshot → baseline → preflight → approve → arm → apply → watch → confirm or revert → verify → report',
    'What is asked of you stands in the *current details*. Silence is the safe choice: without approval nothing is touched, and a change that nobody looks after is reverted by the agent on the database host.',
    `Without Temporal, on the database host: ${codeSpan(`knowngood rescue ${target} --show`)}`,
  ];
}

async function firstInput(client: Client, workflowId: string): Promise<ChangeRequest | null> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  });
  let payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  return payloads[0] ? payloadConverter.fromPayload<ChangeRequest>(payloads[0]) : null;
}

/** The reason may be put in other words, and somebody else may repeat it; what is done must be the same. */
function sameChange(a: ChangeRequest, b: ChangeRequest): boolean {
  return canonical([a.change, a.overrides ?? {}]) === canonical([b.change, b.overrides ?? {}]);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
