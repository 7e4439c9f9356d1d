/** Traces of real guarded changes: one tree over four processes, with a collector that takes them, one that does not, and none. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { workflowIdOf } from '../../domain/change.ts';
import { traceHeader } from '../../domain/trace.ts';
import { workflowCode } from '../../worker/bundle.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { startCommand } from '../support/cli.ts';
import { type Collector, type SeenSpan, startCollector } from '../support/otlp.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

/** Of this process: worker, agent and command line run in it. */
const variables = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_BSP_SCHEDULE_DELAY'] as const;
let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.address;
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '50';
});
const rig = useRig({ soak: '1s' });
afterAll(async () => {
  for (const name of variables) delete process.env[name];
  await collector.stop();
});

const pipeline = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const traced = (): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.address,
  TRACEPARENT: `00-${pipeline.traceId}-${pipeline.spanId}-01`,
});

/** A pipeline that is traced itself guards what it runs. */
function guard(changeId: string, script: string, env: NodeJS.ProcessEnv = traced()) {
  const configured = ['--config', join(rig().folder, 'knowngood.yaml')];
  const words = ['guard', rig().targetName, '--change-id', changeId, '--json', ...configured, '--', 'sh', '-c', script];
  return startCommand(words, env).done;
}

const lockOut = (): string => {
  const { target } = rig();
  return `sed -i /image_svc/d ${target.dataDir}/pg_hba.conf && ${target.pgCtl('reload').join(' ')}`;
};

function named(spans: readonly SeenSpan[], name: string): SeenSpan {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span ${name} in ${spans.map((span) => span.name).join(', ')}`);
  return found;
}

describe('with a collector', () => {
  const seen = { spans: [] as readonly SeenSpan[], bytes: Buffer.alloc(0), place: '', code: -1 };
  const changeId = 'traced';
  beforeAll(async () => {
    const place = join(rig().folder, 'place');
    const run = await guard(changeId, `echo $TRACEPARENT > ${place}; ${lockOut()}`);
    await eventually('the workflow is told of', async () =>
      collector.spans.some(({ name }) => name === 'RunWorkflow:guardedChange'),
    );
    Object.assign(seen, {
      spans: [...collector.spans],
      bytes: collector.bytes(),
      place: readFileSync(place, 'utf8').trim(),
      code: run.code,
    });
  }, 60_000);

  it('a change that is reverted is one tree below the step of the pipeline', () => {
    expect(seen.code).toBe(10);
    expect(new Set(seen.spans.map(({ traceId }) => traceId))).toEqual(new Set([pipeline.traceId]));
    const byId = new Map(seen.spans.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(seen.spans.length);
    const roots = seen.spans.filter(({ parentSpanId }) => !byId.has(parentSpanId));
    expect(roots.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['knowngood guard', pipeline.spanId]]);
  });

  it('each step hangs below its workflow, and says which process took it', () => {
    const parentOf = ({ parentSpanId }: SeenSpan): string | undefined =>
      seen.spans.find(({ spanId }) => spanId === parentSpanId)?.name;
    const steps = [
      ['knowngood guard', undefined, 'knowngood-cli'],
      ['StartWorkflow:guardedChange', 'knowngood guard', 'knowngood-cli'],
      ['StartWorkflowUpdate:awaitArmed', 'knowngood guard', 'knowngood-cli'],
      ['command', 'knowngood guard', 'knowngood-cli'],
      ['StartWorkflowUpdate:applied', 'command', 'knowngood-cli'],
      ['RunWorkflow:guardedChange', 'StartWorkflow:guardedChange', 'knowngood-worker'],
      ['RunActivity:admit', 'RunWorkflow:guardedChange', 'knowngood-worker'],
      ['RunActivity:snapshot', 'RunWorkflow:guardedChange', 'knowngood-agent'],
      ['RunActivity:baseline', 'RunWorkflow:guardedChange', 'knowngood-worker'],
      ['RunActivity:arm', 'RunWorkflow:guardedChange', 'knowngood-agent'],
      ['RunActivity:captureApplied', 'RunWorkflow:guardedChange', 'knowngood-agent'],
      ['RunActivity:watch', 'RunWorkflow:guardedChange', 'knowngood-worker'],
      ['RunActivity:revert', 'RunWorkflow:guardedChange', 'knowngood-agent'],
      ['RunActivity:recovery', 'RunWorkflow:guardedChange', 'knowngood-worker'],
      ['RunActivity:report', 'RunWorkflow:guardedChange', 'knowngood-worker'],
    ] as const;
    const told = steps.map(([name]) => [name, parentOf(named(seen.spans, name)), named(seen.spans, name).service]);
    expect(told).toEqual(steps);
  });

  it('a span says whom it is about and how it ended, and a step lies within its workflow', () => {
    const workflow = named(seen.spans, 'RunWorkflow:guardedChange');
    const subject = { 'knowngood.target': rig().targetName, 'knowngood.change_id': changeId };
    expect(workflow.attributes).toMatchObject({
      ...subject,
      'knowngood.outcome': 'reverted',
      'knowngood.reason': 'check-failed',
      temporalWorkflowId: workflowIdOf(rig().targetName, changeId),
    });
    expect(workflow.status).toBe(1);
    for (const name of ['knowngood guard', 'RunActivity:arm', 'RunActivity:revert'])
      expect(named(seen.spans, name).attributes).toMatchObject(subject);
    const watch = named(seen.spans, 'RunActivity:watch');
    expect(watch.from).toBeGreaterThanOrEqual(workflow.from);
    expect(watch.to).toBeLessThanOrEqual(workflow.to);
  });

  it('the command of the pipeline is told its place in the trace', () => {
    expect(seen.place).toBe(`00-${pipeline.traceId}-${named(seen.spans, 'command').spanId}-01`);
  });

  it('nothing of a configuration, no password and no word of an error leaves the house', () => {
    for (const text of ['image_svc', 'image-secret', 'scram-sha-256', rig().target.password, 'pg_hba'])
      expect(seen.bytes.includes(text)).toBe(false);
    expect(seen.spans.filter(({ events, statusMessage }) => events > 0 || statusMessage !== '')).toEqual([]);
  });

  it('its history replays with the interceptors and without them', async () => {
    const id = workflowIdOf(rig().targetName, changeId);
    const history = await rig().client.workflow.getHandle(id).fetchHistory();
    const scheduled = (history.events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    expect(scheduled.length).toBeGreaterThan(5);
    for (const { header } of scheduled) expect(Object.keys(header?.fields ?? {})).toEqual([traceHeader]);
    const sinks = { traces: { ended: { fn: () => undefined } } };
    const without = await bundleWorkflowCode({
      workflowsPath: join(packageRoot, 'workflows', 'index.ts'),
      payloadConverterPath: join(packageRoot, 'workflows', 'payloads.ts'),
    });
    for (const workflowBundle of [await workflowCode(), without])
      await Worker.runReplayHistory({ workflowBundle, sinks }, history, id);
  });
});

it('a rollout is one tree: a run for each wave, and below it its changes', async () => {
  const { folder, targetName } = rig();
  const path = join(folder, 'knowngood.yaml');
  const known = readFileSync(path, 'utf8');
  // Nobody serves it: its change ends soon, and another wave has begun.
  const ghost = `  ghost: { connection: 'postgresql://postgres@127.0.0.1:1/postgres', policy: test }`;
  writeFileSync(path, known.replace('targets:\n', `targets:\n${ghost}\n`));
  const change = { settings: { work_mem: '7MB' } };
  const budget = { failures: 1 };
  const rollout = {
    targets: { names: [targetName, 'ghost'] },
    canary: [targetName],
    waves: { size: 1 },
    budget,
    change,
  };
  writeFileSync(join(folder, 'rollout.yaml'), JSON.stringify({ rollout: 'traced', reason: 'a test', ...rollout }));
  const words = ['rollout', join(folder, 'rollout.yaml'), '--id', 'traced-rollout', '--config', path];
  const run = await startCommand(words, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.address }).done;
  const [first] = collector.spans.filter(({ name }) => name === 'knowngood rollout');
  const own = (): SeenSpan[] => collector.spans.filter(({ traceId }) => traceId === first?.traceId);
  const runs = (): SeenSpan[] => own().filter(({ name }) => name === 'RunWorkflow:rollout');
  await eventually(`both runs are told of: ${run.err}`, async () => runs().length === 2);
  const start = named(own(), 'StartWorkflow:rollout');
  expect(runs().map(({ parentSpanId }) => parentSpanId)).toEqual([start.spanId, start.spanId]);
  expect(runs().at(-1)?.attributes).toMatchObject({ 'knowngood.rollout_id': 'traced-rollout' });
  const changes = own().filter(({ name }) => name === 'RunWorkflow:guardedChange');
  const parents = changes.map(({ attributes, parentSpanId }) => [
    attributes['knowngood.target'],
    attributes['knowngood.outcome'],
    runs().findIndex(({ spanId }) => spanId === parentSpanId),
  ]);
  expect(parents).toEqual([
    [targetName, 'kept', 0],
    ['ghost', 'rejected', 1],
  ]);
}, 60_000);

it('a header that nobody understands stops no change', async () => {
  const { client, targetName } = rig();
  for (const header of [
    defaultPayloadConverter.toPayload('no trace'),
    { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') },
    { metadata: { encoding: Buffer.from('of-a-stranger') }, data: Buffer.from('x') },
  ]) {
    const changeId = `h-${Math.random().toString(36).slice(2)}`;
    const strange = new (client.constructor as typeof import('@temporalio/client').Client)({
      connection: client.connection,
      interceptors: {
        workflow: [
          {
            startWithDetails: (input, next) => next({ ...input, headers: { ...input.headers, [traceHeader]: header } }),
          },
        ],
      },
    });
    const { startOptions } = await import('../../client/start.ts');
    const request = { target: targetName, changeId, change: { kind: 'config' as const, settings: { nonsense: '1' } } };
    const handle = await strange.workflow.start('guardedChange', startOptions(request));
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
  }
});

it('who starts a change without a trace has none, whoever runs it', async () => {
  expect(await guard('untraced', 'true', {})).toMatchObject({ code: 0 });
  const { events } = await rig().client.workflow.getHandle(workflowIdOf(rig().targetName, 'untraced')).fetchHistory();
  const headers = (events ?? []).flatMap((event) => [
    ...Object.keys(event.workflowExecutionStartedEventAttributes?.header?.fields ?? {}),
    ...Object.keys(event.activityTaskScheduledEventAttributes?.header?.fields ?? {}),
  ]);
  expect(headers).toEqual([]);
});

it('without a collector nothing is loaded', () => {
  const script = `
    import { createRequire } from 'node:module';
    import { openTracing } from '${packageRoot}/dist/traces/tracing.js';
    await openTracing({ role: 'cli', env: process.env, warn: console.error });
    const loaded = Object.keys(createRequire('${packageRoot}/')('module')._cache);
    console.log(loaded.filter((path) => path.includes('/@opentelemetry/sdk-trace-base/')).length);`;
  const loadedWith = (env: NodeJS.ProcessEnv): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: process.env['PATH'], ...env },
      encoding: 'utf8',
    }).stdout.trim();
  expect(loadedWith({})).toBe('0');
  expect(loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' })).toBe('0');
  expect(loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' })).toBe('0');
  expect(Number(loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }))).toBeGreaterThan(0);
});

it('a collector that answers nothing, or is not there any more, stops nothing', async () => {
  expect(collector.spans.filter(({ attributes }) => attributes['knowngood.change_id'] === 'untraced')).toEqual([]);
  collector.fallSilent();
  expect(await guard('unanswered', 'true')).toMatchObject({ code: 0 });
  expect(collector.waiting()).toBeGreaterThan(0);
  await collector.stop();
  const kept = await guard('nobody', 'true');
  expect(kept).toMatchObject({ code: 0 });
  expect(kept.err).toContain('traces are not taken, and lost: ');
});
