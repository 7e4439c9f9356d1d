/** Finds changes by what people type: `<target>:<change id>`, a change id, or a target with exactly one open change. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { workflowIdOf } from '../domain/change.ts';
import { outcomeAttribute, phaseAttribute, targetAttribute } from '../domain/search-attributes.ts';
import { changeHandle } from './change-handle.ts';
import type { ChangeHandle } from './change-handle.ts';
import { refused } from './refusals.ts';
import type { Refused } from './refusals.ts';

export interface FoundChange {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  readonly open: boolean;
  /** Phase as last told to the visibility store; null: not yet. */
  readonly phase: string | null;
  readonly outcome: string | null;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
}

/** Asked when the list shows nothing: it is told a moment later than it happens. null: nobody knows of an open change. */
export type AskAgent = (target: string) => Promise<string | null>;

export async function listChanges(
  client: Client,
  options: { readonly target?: string; readonly open?: boolean; readonly limit?: number } = {},
): Promise<FoundChange[]> {
  const { target, open, limit = 100 } = options;
  const query = [
    "WorkflowType = 'guardedChange'",
    ...(target === undefined ? [] : [`${targetAttribute.name} = '${target.replaceAll("'", '')}'`]),
    ...(open === true ? ["ExecutionStatus = 'Running'"] : []),
  ].join(' AND ');
  const found: FoundChange[] = [];
  for await (const info of client.workflow.list({ query, pageSize: Math.min(limit, 100) })) {
    const change = changeOf(info);
    if (change !== null) found.push(change);
    if (found.length >= limit) break;
  }
  return found;
}

export async function findChange(
  client: Client,
  name: string,
  known: { readonly targets: readonly string[]; readonly openOnly: boolean; readonly askAgent?: AskAgent },
): Promise<{ readonly kind: 'found'; readonly change: ChangeHandle } | Refused> {
  const found = (target: string, changeId: string) => ({
    kind: 'found' as const,
    change: changeHandle(client, target, changeId),
  });
  const [, target = '', changeId = ''] = /^(?:knowngood:)?([a-z0-9-]+):([a-z0-9-]+)$/.exec(name) ?? [];
  if (target !== '') return found(target, changeId);
  if (!/^[a-z0-9-]+$/.test(name))
    return refused({ code: 'invalid-name', message: `"${name}" is not a target or change id` });
  const open = await openOf(client, name, known);
  if (open.length > 1)
    return ambiguous(
      `target "${name}" has ${open.length} open changes`,
      open.map((id) => `${name}:${id}`),
    );
  if (open[0] !== undefined) return found(name, open[0]);
  const byId = await withId(client, name, known);
  if (byId.length > 1)
    return ambiguous(
      `change id "${name}" is used on ${byId.length} targets`,
      byId.map((t) => `${t}:${name}`),
    );
  if (byId[0] !== undefined) return found(byId[0], name);
  return refused(
    known.targets.includes(name)
      ? { code: 'no-open-change', message: `target "${name}" has no open change` }
      : {
          code: 'unknown-change',
          message: `no ${known.openOnly ? 'open ' : ''}change and no target "${name}"`,
          hint: 'See "knowngood status" for the open ones.',
        },
  );
}

/** Change ids open on the target. */
async function openOf(
  client: Client,
  target: string,
  known: { readonly targets: readonly string[]; readonly askAgent?: AskAgent },
): Promise<string[]> {
  const isTarget = known.targets.includes(target);
  for (let tries = isTarget ? 3 : 1; tries > 0; tries -= 1) {
    const open = await listChanges(client, { target, open: true });
    if (open.length > 0) return open.map(({ changeId }) => changeId);
    if (tries > 1) await sleep(300);
  }
  const holder = isTarget ? await known.askAgent?.(target) : null;
  return holder ? [holder] : [];
}

/** Targets on which the change id was used. Known targets are asked directly; the list is for those that nobody named. */
async function withId(
  client: Client,
  changeId: string,
  known: { readonly targets: readonly string[]; readonly openOnly: boolean },
): Promise<string[]> {
  const direct = await Promise.all(
    known.targets.map(async (target) => {
      const description = await client.workflow
        .getHandle(workflowIdOf(target, changeId))
        .describe()
        .catch(() => null);
      return description !== null && (!known.openOnly || description.status.name === 'RUNNING') ? [target] : [];
    }),
  );
  if (direct.flat().length > 0) return direct.flat();
  const listed = await listChanges(client, { open: known.openOnly, limit: 1000 });
  return listed.filter((change) => change.changeId === changeId).map(({ target }) => target);
}

function changeOf(info: WorkflowExecutionInfo): FoundChange | null {
  const [, target, changeId] = /^knowngood:([a-z0-9-]+):([a-z0-9-]+)$/.exec(info.workflowId) ?? [];
  if (target === undefined || changeId === undefined) return null;
  const attribute = (name: string): string | null => String(info.searchAttributes[name]?.[0] ?? '') || null;
  return {
    target,
    changeId,
    workflowId: info.workflowId,
    open: info.status.name === 'RUNNING',
    phase: attribute(phaseAttribute.name),
    outcome: attribute(outcomeAttribute.name),
    startedAt: info.startTime,
    closedAt: info.closeTime ?? null,
  };
}

function ambiguous(message: string, names: readonly string[]): Refused {
  return refused({ code: 'ambiguous', message, hint: `Name one: ${[...names].sort().join(', ')}.` });
}
