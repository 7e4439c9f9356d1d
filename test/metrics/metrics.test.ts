/** Figures for Prometheus, on real parts: what is counted, what is read when it is asked for, and that nothing depends on it. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { type MetricsEndpoint, serveMetrics } from '../../metrics/endpoint.ts';
import { openRegistry } from '../../metrics/registry.ts';
import { targetFigures } from '../../metrics/targets.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { accept, edit, look, reload } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

const sdkPort = await freePort();
const rig = useRig({
  teams: () => `metrics: { listen: '127.0.0.1:0', sdk: '127.0.0.1:${sdkPort}' }`,
  agentYaml: () => `metrics: { listen: '127.0.0.1:0' }`,
});

/** Name with its labels, as they are printed → value. */
async function figures(address: string | null): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://${address}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('a worker and an agent', () => {
  it('count changes, their times and their checks, and tell the lease while there is one', async () => {
    const { targetName: target } = rig();
    await (await accept(rig())).outcome();
    const kept = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '3s' },
    });
    await kept.reaches('watch');
    const during = await figures(rig().metrics().agent);
    expect(
      during.get(`knowngood_agent_open_change{target="${target}",change="${kept.changeId}",phase="applied"}`),
    ).toBe(1);
    const left = during.get(`knowngood_agent_lease_seconds{target="${target}",clock="contact"}`) ?? 0;
    expect(left > 0 && left <= 30).toBe(true);
    expect((await figures(rig().metrics().worker)).get(`knowngood_open_changes{target="${target}"}`)).toBe(1);
    expect(await kept.outcome()).toMatchObject({ outcome: 'kept' });
    const reverted = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
    });
    expect(await reverted.outcome()).toMatchObject({ outcome: 'reverted' });
    const worker = await figures(rig().metrics().worker);
    const changes = (outcome: string, reason: string): number | undefined =>
      worker.get(`knowngood_changes_total{target="${target}",outcome="${outcome}",reason="${reason}"}`);
    expect([changes('kept', 'soak-healthy'), changes('reverted', 'check-failed')]).toEqual([1, 1]);
    for (const span of ['detect', 'decide', 'revert', 'verify'])
      expect(worker.get(`knowngood_change_span_seconds_count{span="${span}"}`)).toBe(1);
    const samples = (result: string): number =>
      worker.get(`knowngood_check_samples_total{target="${target}",check="image-service/login",result="${result}"}`) ??
      0;
    expect(samples('pass')).toBeGreaterThan(5);
    expect(samples('fail')).toBeGreaterThan(0);
    const after = await figures(rig().metrics().agent);
    expect([...after.keys()].filter((name) => /agent_(open_change|lease)/.test(name))).toEqual([]);
    expect(after.get(`knowngood_agent_serving{target="${target}"}`)).toBe(1);
  }, 60_000);

  it('tell what the store knows of each target', async () => {
    const { targetName: target } = rig();
    await (await accept(rig())).outcome();
    await look(rig());
    const of = async (name: string): Promise<number | undefined> =>
      (await figures(rig().metrics().worker)).get(`knowngood_${name}{target="${target}"}`);
    await eventually('no drift', async () => (await of('drifting')) === 0);
    expect(await of('known_good_age_seconds')).toBeLessThan(60);
    await edit(rig(), 'postgresql.conf', (text) => `${text}\nwork_mem = 11MB\n`);
    await reload(rig());
    expect(await look(rig())).toMatchObject({ kind: 'drifted' });
    await eventually('drift', async () => (await of('drifting')) === 1);
    expect(await of('drift_age_seconds')).toBeLessThan(60);
    expect(await of('drift_look_age_seconds')).toBeLessThan(60);
    expect((await figures(rig().metrics().worker)).get('knowngood_store_up')).toBe(1);
  }, 60_000);

  it('serve what Temporal’s SDK counts beside it', async () => {
    const text = await (await fetch(`http://127.0.0.1:${sdkPort}/metrics`)).text();
    expect(text).toMatch(/^temporal_workflow_completed_total\{.*\} \d+$/m);
    expect(text).toMatch(/^temporal_activity_execution_latency_seconds_bucket/m);
  });
});

describe('the endpoint', () => {
  const left: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of left.splice(0)) await one.close();
  });
  const warnings: string[] = [];
  async function serve(port: number, refresh?: () => Promise<void>): Promise<MetricsEndpoint> {
    const serving = { registry: openRegistry('worker', '0.0.0'), listen: { host: '127.0.0.1', port } };
    const warn = (line: string): void => void warnings.push(line);
    const endpoint = await serveMetrics({ ...serving, warn, ...(refresh === undefined ? {} : { refresh }) });
    left.push(endpoint);
    return endpoint;
  }

  it('answers two questions only', async () => {
    const { address } = await serve(0);
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await fetch(`http://${address}${path}`, { method })).status;
    expect(await Promise.all([status('/metrics'), status('/metrics?x=1'), status('/metrics', 'HEAD')])).toEqual([
      200, 200, 200,
    ]);
    expect(await Promise.all([status('/'), status('/../metrics/x'), status('/metrics', 'POST')])).toEqual([
      404, 404, 405,
    ]);
    expect(await Promise.all([status('/healthz'), status('/healthz', 'HEAD'), status('/healthz', 'DELETE')])).toEqual([
      200, 200, 405,
    ]);
    expect((await figures(address)).get('knowngood_build_info{role="worker",version="0.0.0"}')).toBe(1);
  });

  it('says that a port is taken, and keeps nothing from running', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    left.push({ close: () => new Promise((resolve) => other.close(() => resolve())) });
    const { port } = other.address() as AddressInfo;
    expect((await serve(port)).address).toBeNull();
    expect(warnings.at(-1)).toMatch(new RegExp(`metrics are not served at 127.0.0.1:${port}: .*EADDRINUSE`));
  });

  it('says that figures could not be read, without their words', async () => {
    const { address } = await serve(0, () => Promise.reject(new Error('of the inside')));
    const response = await fetch(`http://${address}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'the figures could not be read\n']);
    expect(warnings.at(-1)).toContain('of the inside');
  });
});

it('a store that is away leaves no figures of a time gone by', async () => {
  const of = { target: 'a', snapshotAt: null, knownGoodAt: 1, oldestOpenAt: null, driftSince: null, lookedAt: null };
  const answers = [Promise.resolve([{ ...of, open: 2 }]), Promise.reject(new Error('gone'))];
  let asked = 0;
  const registry = new Registry();
  let now = 0;
  const refresh = targetFigures({ overview: () => answers[asked++] ?? Promise.resolve([]) }, registry, () => now);
  await Promise.all([refresh(), refresh(), refresh()]);
  expect(asked).toBe(1);
  expect(await registry.metrics()).toMatch(/knowngood_store_up 1[^]*knowngood_open_changes\{target="a"\} 2/);
  now += 60_000;
  await refresh();
  expect(await registry.metrics()).toMatch(/knowngood_store_up 0/);
  expect(await registry.metrics()).not.toContain('target="a"');
});

it('a port of the SDK that is taken is said, and keeps nothing from running', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const script = `
    const { calmRuntime } = await import(${JSON.stringify(`${packageRoot}/dist/worker/runtime-log.js`)});
    calmRuntime({ host: '127.0.0.1', port: ${port} });
    process.exit();`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  await new Promise((resolve) => other.close(resolve));
  expect(stderr).toMatch(/temporal warning: the SDK's figures are not served at 127\.0\.0\.1:\d+: .*in use/);
});
