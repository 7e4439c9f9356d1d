/** Drift seen from outside: look now, have the live configuration accepted, approve or reject that. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { orchestratorQueue } from '../domain/change.ts';
import type { AcceptRequest, AcceptResult, AcceptView } from '../domain/drift/acceptance.ts';
import { acceptIdOf } from '../domain/drift/drift.ts';
import { codeSpan, detailsPage, escapeMarkdown, shorten } from '../domain/markdown.ts';
import { targetAttribute } from '../domain/search-attributes.ts';
import type { DriftFound } from '../workflows/watch-drift.ts';
import { acknowledgeDrift } from './acknowledge.ts';
import type { Words } from './change-handle.ts';
import { asking, type Said, type Seen } from './asking.ts';
import { type Refused, refusalOf, refused } from './refusals.ts';

export interface AcceptanceHandle extends Seen<AcceptView, AcceptResult> {
  readonly target: string;
  readonly acceptId: string;
  readonly workflowId: string;
  say(word: 'approve' | 'reject', said?: Words): Promise<Said>;
  approve(said?: Words): Promise<Said>;
  reject(note?: string): Promise<Said>;
}

export interface DriftClient {
  /** Takes what people are being called about: nobody else is called about this drift. `note`: `"name: reason"`. */
  acknowledge(target: string, note?: string): Promise<Said>;
  /** Reads the target only; nothing is remembered, and nobody is told. */
  look(target: string): Promise<DriftFound | Refused>;
  /** A repeat with the same id attaches to it. */
  accept(
    request: AcceptRequest,
  ): Promise<{ readonly kind: 'started'; readonly acceptance: AcceptanceHandle } | Refused>;
  acceptance(target: string, acceptId: string): AcceptanceHandle;
  /** The one that is open on the target. */
  openAcceptance(target: string): Promise<{ readonly kind: 'found'; readonly acceptance: AcceptanceHandle } | Refused>;
}

/** Nobody waits longer for an answer that touches nothing. */
const lookTimeout = '5 minutes';

/** The list is told a moment later than it happens. */
const listTries = 5;
const listPauseMs = 500;

export function driftClient(client: Client): DriftClient {
  const acceptance = (target: string, acceptId: string): AcceptanceHandle => acceptanceHandle(client, target, acceptId);
  return {
    acceptance,
    acknowledge: (target, note) => acknowledgeDrift(client, target, note),
    async look(target) {
      const workflowId = `knowngood-look:${target}:${randomUUID()}`;
      try {
        return await client.workflow.execute<(input: { target: string }) => Promise<DriftFound>>('lookForDrift', {
          workflowId,
          taskQueue: orchestratorQueue,
          args: [{ target }],
          workflowExecutionTimeout: lookTimeout,
          typedSearchAttributes: attributesOf(target),
          staticSummary: `${target}: does it drift?`,
        });
      } catch (error) {
        return refusalOf(error, workflowId);
      }
    },

    async accept(request) {
      const { target, acceptId, reason, requestedBy } = request;
      const workflowId = acceptIdOf(target, acceptId);
      try {
        await client.workflow.start('acceptDrift', {
          workflowId,
          taskQueue: orchestratorQueue,
          args: [request],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          typedSearchAttributes: attributesOf(target),
          staticSummary: `${target}: the live configuration shall be known-good${reason === '' ? '' : `: ${escapeMarkdown(shorten(reason, 200))}`}`,
          staticDetails: detailsPage([
            `**Target** ${codeSpan(target)}`,
            `**Asked for by** ${codeSpan(shorten(requestedBy, 300))}`,
            `**Reason** ${codeSpan(shorten(reason, 300))}`,
          ]),
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return refusalOf(error, workflowId);
      }
      return { kind: 'started', acceptance: acceptance(target, acceptId) };
    },

    async openAcceptance(target) {
      const query = `WorkflowType = 'acceptDrift' AND ExecutionStatus = 'Running' AND ${targetAttribute.name} = '${target}'`;
      for (let tries = 1; ; tries += 1) {
        const found: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) {
          const [, acceptId] = /^knowngood-accept:[a-z0-9-]+:([a-z0-9-]+)$/.exec(workflowId) ?? [];
          if (acceptId !== undefined) found.push(acceptId);
        }
        const [one, ...more] = found;
        if (one !== undefined && more.length === 0) return { kind: 'found', acceptance: acceptance(target, one) };
        if (more.length > 0) return refused(ambiguous(target, found));
        if (tries === listTries) return refused(noneOpen(target));
        await sleep(listPauseMs);
      }
    },
  };
}

function attributesOf(target: string): TypedSearchAttributes {
  return new TypedSearchAttributes([{ key: targetAttribute, value: target }]);
}

function acceptanceHandle(client: Client, target: string, acceptId: string): AcceptanceHandle {
  const workflowId = acceptIdOf(target, acceptId);
  const { update, view, run, result } = asking<AcceptView, AcceptResult>(client, workflowId);
  const say = (word: 'approve' | 'reject', said?: Words): Promise<Said> =>
    update(word, said === undefined ? [] : [said]);
  return {
    target,
    acceptId,
    workflowId,
    view,
    run,
    say,
    approve: (said) => say('approve', said),
    reject: (note) => say('reject', note),
    result,
  };
}

function noneOpen(target: string): { code: string; message: string; hint: string } {
  return {
    code: 'no-open-acceptance',
    message: `nobody waits for an approval of what is live on ${target}`,
    hint: `Ask for one: knowngood drift accept ${target} --reason "…".`,
  };
}

function ambiguous(target: string, ids: readonly string[]): { code: string; message: string; hint: string } {
  const names = ids.map((id) => `${target}:${id}`).sort();
  return { code: 'ambiguous', message: `${target} has ${ids.length} of them`, hint: `Name one: ${names.join(', ')}.` };
}
