/** One run: a guarded change, what goes wrong meanwhile, the wait until all is at rest, and the judgement. */
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf } from '../../domain/change.ts';
import type { ChangeResult } from '../../domain/result.ts';
import { makeChange } from './change.ts';
import { configurationOf } from './configuration.ts';
import { strike } from './faults/index.ts';
import { violations } from './invariant.ts';
import { changeIdOf, targetName } from './names.ts';
import { runPipeline } from './pipeline.ts';
import { type Fault, type Scenario, type Timed, faultInWords } from './scenario.ts';
import type { Stage } from './stage.ts';
import { closedRecord, openJournal, spooled, type Watched, watchMoments } from './target-state.ts';
import { patiently } from './temporal-calls.ts';

export interface RunResult {
  readonly seed: number;
  readonly index: number;
  readonly kind: Scenario['kind'];
  /** Those that were done; a moment that never came has no fault. */
  readonly faults: readonly Fault['kind'][];
  /** Of the store; `not admitted` when there is none. */
  readonly outcome: string;
  readonly reason: string;
  readonly violations: readonly string[];
  /** From the end of the last fault until all was at rest. */
  readonly recoveryMs: number;
  readonly tookMs: number;
  /** What was done when, for a violation. */
  readonly log: readonly string[];
}

/** Longer than every deadline and retry that a run can meet. */
const restWithinMs = 150_000;
const lookMs = 100;

export async function runScenario(stage: Stage, scenario: Scenario): Promise<RunResult> {
  const began = performance.now();
  const log: string[] = [];
  const note = (line: string): void => void log.push(`${Math.round(performance.now() - began)} ms: ${line}`);
  const changeId = changeIdOf(scenario);
  const workflowId = workflowIdOf(targetName, changeId);
  const before = await configurationOf(stage.target);
  const made = await makeChange(scenario, before, stage.target);
  const scriptFile = stage.script({ steps: made.steps, pauseMs: scenario.pauseMs });
  const watched = watchMoments(stage.stateDir, changeId);
  await patiently(stage.client, 10_000, () =>
    stage.client.workflow.start('guardedChange', {
      workflowId,
      taskQueue: 'knowngood',
      args: [{ target: targetName, changeId, reason: 'chaos', requestedBy: 'chaos', change: made.request }],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    }),
  );
  note(`started ${scenario.kind}: ${scenario.parts.join(', ')}`);
  const faults: Fault['kind'][] = [];
  const context = { stage, changeId, workflowId };
  const striking = Promise.all(
    scenario.faults.map(async (timed) => {
      if (!(await due(watched, timed))) return;
      note(faultInWords(timed.what));
      const not = await strike(context, timed.what);
      note(`${faultInWords(timed.what)}: ${not ?? 'over'}`);
      if (not === null) faults.push(timed.what.kind);
    }),
  );
  const pipeline =
    scenario.kind === 'external' ? runPipeline(stage, scenario, changeId, scriptFile, watched) : Promise.resolve();
  pipeline.catch((error: unknown) => note(`the pipeline: ${String(error)}`));
  const aborting = abort(stage, scenario, workflowId, watched);
  await untilEnded(stage, workflowId, began + restWithinMs);
  watched.over();
  await Promise.all([striking, aborting]);
  const quietSince = performance.now();
  const { waitingFor, workflow } = await untilRest(stage, changeId, workflowId, quietSince + restWithinMs);
  const recoveryMs = performance.now() - quietSince;
  const [closed, row] = [closedRecord(stage.stateDir, changeId), await stage.store.change(targetName, changeId)];
  const result = row?.result ?? (await resultOf(stage, workflowId, workflow));
  note(`workflow ${workflow}: ${result?.summary ?? 'no result'}`);
  const found = await violations(stage, scenario, { before, expected: made.expected, closed, row, workflow });
  stage.earlier = changeId;
  return {
    seed: scenario.seed,
    index: scenario.index,
    kind: scenario.kind,
    faults,
    outcome: row?.outcome ?? (closed === null ? 'not admitted' : closed.phase),
    reason: result?.reason ?? closed?.reason ?? workflow,
    violations: [...(waitingFor === null ? [] : [`not at rest: ${waitingFor}`]), ...found],
    recoveryMs,
    tookMs: performance.now() - began,
    log,
  };
}

async function due(watched: Watched, { after, delayMs }: Timed<unknown>): Promise<boolean> {
  if (!(await watched.reached(after))) return false;
  await sleep(delayMs);
  return true;
}

async function abort(stage: Stage, scenario: Scenario, workflowId: string, watched: Watched): Promise<void> {
  if (scenario.abort === null || !(await due(watched, scenario.abort))) return;
  await patiently(stage.client, 5_000, () =>
    stage.client.workflow.getHandle(workflowId).signal('abort', 'chaos: enough'),
  );
}

async function statusOf(stage: Stage, workflowId: string): Promise<string> {
  const description = await patiently(stage.client, lookMs, () =>
    stage.client.workflow.getHandle(workflowId).describe(),
  );
  return description?.status.name ?? 'unknown';
}

/** Of what never came as far as the store. */
async function resultOf(stage: Stage, workflowId: string, status: string): Promise<ChangeResult | null> {
  if (status !== 'COMPLETED') return null;
  const handle = stage.client.workflow.getHandle(workflowId);
  return (await patiently(stage.client, 2_000, () => handle.result())) as ChangeResult | null;
}

const hasEnded = (status: string): boolean => status !== 'RUNNING' && status !== 'unknown';

/** Of the workflow and of the journal; what comes after that may still be hurt. */
async function untilEnded(stage: Stage, workflowId: string, until: number): Promise<void> {
  while (performance.now() < until) {
    if (hasEnded(await statusOf(stage, workflowId)) && openJournal(stage.stateDir) === null) return;
    await sleep(lookMs);
  }
}

async function untilRest(
  stage: Stage,
  changeId: string,
  workflowId: string,
  until: number,
): Promise<{ readonly waitingFor: string | null; readonly workflow: string }> {
  await Promise.all(Object.values(stage.victims).map((victim) => victim.ready()));
  for (;;) {
    const workflow = await statusOf(stage, workflowId);
    const waitingFor = await notAtRest(stage, changeId, workflow);
    if (waitingFor === null || performance.now() > until) return { waitingFor, workflow };
    await sleep(lookMs);
  }
}

async function notAtRest(stage: Stage, changeId: string, workflow: string): Promise<string | null> {
  if (!hasEnded(workflow)) return `workflow is ${workflow}`;
  const open = openJournal(stage.stateDir);
  if (open !== null) return `journal is ${open.phase}`;
  const row = await stage.store.change(targetName, changeId).catch(() => undefined);
  if (row === undefined) return 'the store does not answer';
  if (row !== null && row.outcome === null) return 'no outcome in the store';
  const waiting = spooled(stage.stateDir);
  return waiting.length > 0 ? `${waiting.length} bodies wait for the store` : null;
}
