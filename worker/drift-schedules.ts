/**
 * Keeps one Temporal Schedule a target, as knowngood.yaml says: made, changed and deleted at start and when the file
 * changes, by however many workers. What operators do to them in the Web UI, a pause and its note, stays.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { orchestratorQueue } from '../domain/change.ts';
import type { DriftConfig, KnowngoodConfig } from '../domain/config.ts';
import { encryptedWith } from '../domain/encrypted-payload.ts';
import { driftScheduleId } from '../domain/drift/drift.ts';
import { formatDuration } from '../domain/duration.ts';
import { codeSpan, detailsPage } from '../domain/markdown.ts';
import { noticesOfDrift, noticesUnderWay } from '../domain/notify/notice.ts';
import { targetAttribute } from '../domain/search-attributes.ts';
import type { Over } from '../workflows/notice-flow.ts';
import { messageOf } from '../agent/agent-error.ts';

const followEveryMs = 5_000;

/** After an outage the next look tells everything that a missed one would have told. Temporal takes no shorter one. */
const catchupWindow = 10_000;

/** So that looks of one interval do not come in step with everything else that runs every five minutes. */
const jitterShare = 0.1;

/** A look takes seconds; one that nobody runs must not keep the next one from being taken for ever. */
const lookTimeout = 600_000;

/** One that somebody has deleted by hand comes back. */
const agreeEveryMs = 5 * 60_000;

const prefix = driftScheduleId('');

interface Parts {
  readonly client: Client;
  /** Answers the same object as long as nothing has changed. */
  readonly config: () => Promise<KnowngoodConfig>;
  /** Of the key that payloads are encrypted with. Default: they are in clear. */
  readonly keyId?: string | undefined;
  readonly warn?: (line: string) => void;
}

export function keepDriftSchedules(parts: Parts): { stop(): Promise<void> } {
  const { warn = (line) => process.stderr.write(`${line}\n`) } = parts;
  let kept: KnowngoodConfig | null = null;
  let agreedAt = 0;
  let said = '';
  let running: Promise<void> | null = null;

  async function follow(): Promise<void> {
    try {
      const config = await parts.config();
      if (config !== kept || performance.now() - agreedAt > agreeEveryMs) {
        await agree(parts, config, Object.keys(kept?.targets ?? {}));
        agreedAt = performance.now();
      }
      kept = config;
      said = '';
    } catch (error) {
      // Temporal is away, or the file is being written: tried again, and said once.
      const why = messageOf(error);
      if (why !== said) warn(`the schedules that look for drift are not up to date: ${why}`);
      said = why;
    }
  }

  const start = (): void => void (running ??= follow().finally(() => (running = null)));
  const timer = setInterval(start, followEveryMs);
  start();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** `before`: targets of the file as it was. Another worker's file may name more, and theirs are left alone. */
async function agree({ client, keyId }: Parts, config: KnowngoodConfig, before: readonly string[]): Promise<void> {
  const there = new Set<string>();
  for await (const { scheduleId } of client.schedule.list())
    if (scheduleId.startsWith(prefix)) there.add(scheduleId.slice(prefix.length));
  for (const [target, { drift }] of Object.entries(config.targets)) {
    if (drift !== null) await have(client, target, drift, keyId);
    else if (there.has(target)) await drop(client, target);
  }
  const gone = before.filter((target) => config.targets[target] === undefined && there.has(target));
  for (const target of gone) await drop(client, target);
}

async function have(client: Client, target: string, drift: DriftConfig, keyId: string | undefined): Promise<void> {
  const wanted = scheduleOf(target, drift);
  try {
    await client.schedule.create(wanted);
  } catch (error) {
    // Another worker was quicker, or it is from an earlier start. The list may not know of it yet.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(wanted.scheduleId);
    const there = await handle.describe();
    if (isAsWanted(there, wanted) && keyIdOf(there) === (keyId ?? null)) return;
    const { spec, action, policies } = wanted;
    await handle.update(({ state }) => ({ spec, action, ...(policies === undefined ? {} : { policies }), state }));
  }
}

async function drop(client: Client, target: string): Promise<void> {
  // First: who cannot be told now is told when it is tried again.
  await endAlarms(client, target);
  await client.schedule
    .getHandle(driftScheduleId(target))
    .delete()
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
}

/** Nobody would ever see that the drift is gone, and people would be called on. */
async function endAlarms(client: Client, target: string): Promise<void> {
  const how: Over = { words: `drift of ${target} is not looked for any more: knowngood.yaml says so` };
  for await (const { workflowId } of client.workflow.list({ query: noticesUnderWay(noticesOfDrift(target)) }))
    await client.workflow
      .getHandle(workflowId)
      .signal('over', how)
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
}

/** In all that it does, and when; what operators have set, a pause and its note, is theirs. */
function isAsWanted({ spec, action, policies }: ScheduleDescription, wanted: ScheduleOptions): boolean {
  const does = ({ args, taskQueue, workflowType, workflowExecutionTimeout }: typeof action | typeof wanted.action) => ({
    args,
    taskQueue,
    workflowType,
    workflowExecutionTimeout,
  });
  const when = ({ intervals = [], jitter }: typeof spec | typeof wanted.spec) => ({ intervals, jitter });
  return (
    isDeepStrictEqual(does(action), does(wanted.action)) &&
    isDeepStrictEqual(when(spec), when(wanted.spec)) &&
    isDeepStrictEqual(policies, wanted.policies)
  );
}

/** null: it is in clear. A schedule outlives the key that it was made with, so a rotation must reach it. */
function keyIdOf({ raw }: ScheduleDescription): string | null {
  const [input] = raw.schedule?.action?.startWorkflow?.input?.payloads ?? [];
  return input ? encryptedWith(input) : null;
}

export function scheduleOf(
  target: string,
  { everyMs }: DriftConfig,
): ScheduleOptions & { readonly scheduleId: string } {
  const typedSearchAttributes = new TypedSearchAttributes([{ key: targetAttribute, value: target }]);
  return {
    scheduleId: driftScheduleId(target),
    spec: {
      intervals: [{ every: everyMs, offset: offsetOf(target, everyMs) }],
      jitter: Math.floor(everyMs * jitterShare),
    },
    action: {
      type: 'startWorkflow',
      workflowType: 'watchDrift',
      workflowId: driftScheduleId(target),
      taskQueue: orchestratorQueue,
      args: [{ target }],
      workflowExecutionTimeout: lookTimeout,
      typedSearchAttributes,
      staticSummary: `${target}: is the configuration still the known-good one?`,
      staticDetails: detailsPage([
        `**Target** ${codeSpan(target)}`,
        `Compared every ${formatDuration(everyMs)} with its known-good snapshot; nothing is written to it.`,
      ]),
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow, pauseOnFailure: false },
    state: { note: `looks for drift of ${target}; pause it while somebody works there by hand` },
    typedSearchAttributes,
  };
}

/** Two hundred targets do not come at once, and each comes at the same time after every start. */
function offsetOf(target: string, everyMs: number): number {
  let hash = 0;
  for (const char of target) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  // Whole seconds: Temporal cuts the rest.
  return Math.floor((hash % everyMs) / 1_000) * 1_000;
}
