/** Every process of ours over TLS, with a client certificate and an API key, and what each says when one of them is wrong. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKnowngoodClient } from '../../client/client.ts';
import { temporalConnection } from '../../config/temporal.ts';
import type { Problem } from '../../domain/problem.ts';
import { loadAgentConfig } from '../../config/load.ts';
import { runAgent } from '../../worker/agent.ts';
import { connectNatively } from '../../worker/native-connection.ts';
import { probeQueue } from '../../domain/change.ts';
import { type Certificate, issuedBy, selfSigned } from '../support/certificate.ts';
import { startCommand } from '../support/cli.ts';
import { type GuardedTemporal, guardTemporal } from '../support/guarded-temporal.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';
import { quietLog } from '../support/state.ts';
import { temporalAddress } from '../support/temporal.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-tls-'));
const ca = selfSigned('our ca');
const otherCa = selfSigned('another ca');
const server = issuedBy(ca, 'temporal.example', { dns: ['temporal.example'] });
const files = {
  ca: written('ca', ca.certificate),
  otherCa: written('other-ca', otherCa.certificate),
  own: writtenPair('own', issuedBy(ca, 'knowngood')),
  stranger: writtenPair('stranger', issuedBy(otherCa, 'stranger')),
};
const key = randomBytes(8).toString('hex');
written('api-key', `${key}\n`);
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function writtenPair(name: string, { certificate, key: pem }: Certificate): { cert: string; key: string } {
  return { cert: written(`${name}.crt`, certificate), key: written(`${name}.key`, pem) };
}

async function guarded(guard: Partial<Parameters<typeof guardTemporal>[0]>): Promise<GuardedTemporal> {
  const front = await guardTemporal({ behind: await temporalAddress(), server, ...guard });
  stops.push(front.stop);
  return front;
}

describe('worker, prober, agent and command line', () => {
  const front = { current: null as GuardedTemporal | null };
  const rig = useRig({
    temporalSection: async (behind) => {
      const guard = { behind, server, clientCa: ca.certificate, apiKey: key, noOperator: true };
      front.current = await guardTemporal(guard);
      stops.push(front.current.stop);
      return `
  address: '${front.current.address}'
  tls: { ca: ${files.ca}, cert: ${files.own.cert}, key: ${files.own.key}, serverName: temporal.example }
  apiKey: '\${file:${folder}/api-key}'`;
    },
  });

  it('guard a change with mutual TLS and an API key, where Temporal is run by somebody else', async () => {
    const id = 'over-tls';
    const configured = ['--config', join(rig().folder, 'knowngood.yaml')];
    const run = await startCommand([
      'guard',
      rig().targetName,
      '--change-id',
      id,
      '--json',
      ...configured,
      '--',
      'true',
    ]).done;
    expect(run).toMatchObject({ code: 0 });
    expect(run.json()).toMatchObject({ outcome: 'kept' });
    expect([...(front.current?.keysSeen ?? [])]).toEqual([`Bearer ${key}`]);
    const called = (name: string): boolean => front.current?.calls.some((path) => path.endsWith(`/${name}`)) ?? false;
    expect(['PollWorkflowTaskQueue', 'PollActivityTaskQueue', 'StartWorkflowExecution'].map(called)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('take the standard Temporal variables as well, without any file of ours', async () => {
    const env = {
      TEMPORAL_ADDRESS: front.current?.address,
      TEMPORAL_API_KEY: key,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.ca,
      TEMPORAL_TLS_CLIENT_CERT_PATH: files.own.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: files.own.key,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
      TEMPORAL_CONFIG_FILE: join(folder, 'none'),
      HOME: folder,
    };
    const run = await startCommand(['status', '--all', '--json'], env).done;
    expect(run.err).toBe('');
    expect(run.json()['changes']).toContainEqual(expect.objectContaining({ changeId: 'over-tls', outcome: 'kept' }));
  });

  it('measure from another place', async () => {
    await rig().startWorker({ probeOnly: 'edge' });
    await eventually('the prober polls', async () => {
      const { pollers } = await rig().client.workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: probeQueue('edge') },
        taskQueueType: 2,
      });
      return (pollers ?? []).length > 0;
    });
  });

  it('are told by name what is wrong, and the agent goes on with its lease', async () => {
    const config = await loadAgentConfig(join(rig().folder, 'agent.yaml'));
    const log = quietLog();
    const tls = { ca: files.otherCa, ...files.own, serverName: 'temporal.example' };
    const state = { stateDir: join(folder, 'state'), keyFile: join(folder, 'agent.key') };
    const agent = await runAgent({ ...config, ...state, temporal: { ...config.temporal, tls } }, { log });
    await agent.stop();
    expect(log.lines.join('\n')).toContain(
      `the certificate of the Temporal server at ${front.current?.address} is not trusted; the lease goes on`,
    );
  });
});

describe('a connection that is not made', () => {
  let mutual: GuardedTemporal;
  let keyed: GuardedTemporal;
  beforeAll(async () => {
    mutual = await guarded({ clientCa: ca.certificate });
    keyed = await guarded({ apiKey: key });
  });

  /** What both clients say: the one of commands, and the native one of worker and agent. */
  async function said(address: string, section: { tls?: object | null; apiKey?: string }): Promise<Problem> {
    const tls = section.tls === null ? null : { ca: null, cert: null, key: null, serverName: null, ...section.tls };
    const config = { address, namespace: 'default', tls, apiKey: section.apiKey ?? null };
    const temporal = await temporalConnection(config, null);
    const [byClient, byNative] = await Promise.all([
      createKnowngoodClient({ temporal }),
      connectNatively(temporal.options).then(
        async (connection) => (await connection.close(), null),
        (error: unknown) => (error as { problems: Problem[] }).problems[0],
      ),
    ]);
    if (byClient.kind === 'connected') throw new Error('it connected');
    expect(byNative).toMatchObject({ code: byClient.problems[0]?.code, message: byClient.problems[0]?.message });
    return byClient.problems[0] as Problem;
  }

  // All at once: the client of commands waits its five seconds for each.
  it('is told by its reason, whoever tries', async () => {
    const own = { ca: files.ca, ...files.own, serverName: 'temporal.example' };
    process.env['TLS_TEST_KEY'] = 'another key';
    const plain = await temporalAddress();
    const answers = await Promise.all([
      said(mutual.address, { tls: { ...own, ca: files.otherCa } }),
      said(mutual.address, { tls: { ...own, ca: null } }),
      said(mutual.address, { tls: { ...own, serverName: 'other.example' } }),
      said(mutual.address, { tls: { ...own, serverName: null } }),
      said(mutual.address, { tls: { ca: files.ca, serverName: 'temporal.example' } }),
      said(mutual.address, { tls: { ...own, ...files.stranger } }),
      said(mutual.address, { tls: null }),
      said(plain, { tls: own }),
      said(keyed.address, { tls: { ca: files.ca, serverName: 'temporal.example' } }),
      said(keyed.address, { tls: own, apiKey: '${env:TLS_TEST_KEY}' }),
    ]);
    expect(answers.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      `temporal-tls: the certificate of the Temporal server at ${mutual.address} is not trusted`,
      `temporal-tls: the certificate of the Temporal server at ${mutual.address} is not trusted`,
      `temporal-tls: the certificate of the Temporal server at ${mutual.address} is for another name`,
      `temporal-tls: the certificate of the Temporal server at ${mutual.address} is for another name`,
      `temporal-tls: the Temporal server at ${mutual.address} asks for a client certificate, and none is configured`,
      `temporal-tls: the Temporal server at ${mutual.address} does not accept the client certificate`,
      `temporal-tls: the Temporal server at ${mutual.address} speaks TLS, and none is configured`,
      `temporal-tls: the Temporal server at ${plain} does not speak TLS`,
      `temporal-not-let-in: the Temporal server at ${keyed.address} lets nobody in without an API key, and none is configured`,
      `temporal-not-let-in: the Temporal server at ${keyed.address} does not accept the API key`,
    ]);
    for (const { hint, detail } of answers) {
      expect(hint).toMatch(/\.$/);
      expect(`${hint} ${detail}`).not.toMatch(/another key|Rust|tonic/);
    }
    expect([mutual.calls, keyed.calls]).toEqual([[], []]);
  });

  const at = async (tls: object, apiKey: string | null = null): Promise<string> => {
    const section = { ca: null, cert: null, key: null, serverName: null, ...tls };
    const config = { address: mutual.address, namespace: 'default', tls: section, apiKey };
    return temporalConnection(config, {}).then(
      () => 'connectable',
      (error: Error) => error.message,
    );
  };

  it('fails on its own files before anything is sent, and names them', async () => {
    expect(await at({ ca: join(folder, 'api-key') })).toBe(
      `temporal.tls.ca: "${folder}/api-key" does not hold a certificate in PEM`,
    );
    expect(await at({ ...files.own, key: files.stranger.key })).toBe(
      `temporal.tls: key "${files.stranger.key}" does not belong to cert "${files.own.cert}"`,
    );
    expect(await at({ ca: '/nope' })).toBe('temporal.tls.ca: could not read "/nope": ENOENT');
    expect(await at({ ca: '${env:NO_SUCH_CA}' })).toBe('environment variable NO_SUCH_CA is not set');
    expect(await at({ ca: '${file:' + files.ca + '}', ...files.own })).toBe('connectable');
  });
});
