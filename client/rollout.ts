/** Rollouts seen from outside: start one, decide about it, wait for its end. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { orchestratorQueue } from '../domain/change.ts';
import { codeCell, detailsPage, escapeMarkdown, markdownTable, shorten } from '../domain/markdown.ts';
import type { RolloutView } from '../domain/rollout/details.ts';
import { parseRolloutRequest } from '../domain/rollout-request.schema.ts';
import { type RolloutRequest, type RolloutResult, rolloutWorkflowId } from '../domain/rollout/rollout.ts';
import type { RolloutWord } from '../domain/rollout/state.ts';
import { asking, type Said, type Seen } from './asking.ts';
import type { Words } from './change-handle.ts';
import { type Refused, refusalOf } from './refusals.ts';

export interface RolloutHandle extends Seen<RolloutView, RolloutResult> {
  readonly rolloutId: string;
  readonly workflowId: string;
  say(word: RolloutWord, said?: Words): Promise<Said>;
}

export interface FoundRollout {
  readonly rolloutId: string;
  readonly open: boolean;
  /** As last told to the visibility store; null: not yet. */
  readonly phase: string | null;
  readonly outcome: string | null;
  readonly startedAt: Date;
}

export interface RolloutClient {
  /** Refuses what is wrong in itself before anything is sent. `attached`: it was started before, perhaps it has ended. */
  start(
    request: RolloutRequest,
  ): Promise<{ readonly kind: 'started' | 'attached'; readonly rollout: RolloutHandle } | Refused>;
  rollout(rolloutId: string): RolloutHandle;
  /** Newest first; told a moment later than it happens. */
  list(options?: { readonly open?: boolean; readonly limit?: number }): Promise<readonly FoundRollout[]>;
}

const whenFailed = 'Its changes go on by themselves, and end alone: see "knowngood status".';

export function rolloutClient(client: Client, identity: string): RolloutClient {
  const rollout = (rolloutId: string): RolloutHandle => {
    const workflowId = rolloutWorkflowId(rolloutId);
    const { update, view, run, result } = asking<RolloutView, RolloutResult>(client, workflowId, whenFailed);
    return {
      rolloutId,
      workflowId,
      view,
      run,
      result,
      say: (word, said) => update(word, said === undefined ? [] : [said]),
    };
  };
  return {
    rollout,

    async start(input) {
      const parsed = parseRolloutRequest({ requestedBy: identity, ...input });
      if (parsed.kind === 'invalid') return { kind: 'refused', problems: parsed.problems };
      const request = parsed.value;
      const handle = rollout(request.rolloutId);
      try {
        await client.workflow.start('rollout', startOptions(request));
        return { kind: 'started', rollout: handle };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return refusalOf(error, handle.workflowId);
      }
      return { kind: 'attached', rollout: handle };
    },

    async list({ open = false, limit = 100 } = {}) {
      const query = `WorkflowType = 'rollout'${open ? " AND ExecutionStatus = 'Running'" : ''}`;
      const found = new Map<string, FoundRollout>();
      for await (const { workflowId, status, startTime, searchAttributes } of client.workflow.list({ query })) {
        const [, rolloutId] = /^knowngood-rollout:([a-z0-9-]+)$/.exec(workflowId) ?? [];
        // A run for each wave: the newest speaks.
        if (rolloutId === undefined || found.has(rolloutId)) continue;
        const attribute = (name: string): string | null => String(searchAttributes[name]?.[0] ?? '') || null;
        found.set(rolloutId, {
          rolloutId,
          open: status.name === 'RUNNING',
          phase: attribute('KnowngoodPhase')?.replace(/^rollout-/, '') ?? null,
          outcome: attribute('KnowngoodOutcome'),
          startedAt: startTime,
        });
        if (found.size >= limit) break;
      }
      return [...found.values()];
    },
  };
}

export function startOptions(request: RolloutRequest) {
  const { rolloutId, reason = '', requestedBy = '' } = request;
  const rows = [
    ['rollout', codeCell(rolloutId)],
    ...(requestedBy === '' ? [] : [['asked for by', codeCell(shorten(requestedBy, 300))]]),
    ...(reason === '' ? [] : [['reason', codeCell(shorten(reason, 300))]]),
  ];
  return {
    workflowId: rolloutWorkflowId(rolloutId),
    taskQueue: orchestratorQueue,
    args: [request],
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'FAIL' as const,
    staticSummary: `rollout ${rolloutId}${reason === '' ? '' : `: ${escapeMarkdown(shorten(reason, 200))}`}`,
    staticDetails: detailsPage([
      markdownTable({ head: ['', ''], rows }),
      'canary → wave → pause → wave … → report; what is asked of you stands in the *current details*.',
      'Each target has a guarded change of its own, which ends by its own rules, also when this workflow is terminated.',
    ]),
  };
}
