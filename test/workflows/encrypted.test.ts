/** A guarded change whose payloads are encrypted: Temporal's history is read as whoever runs Temporal could read it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type Connection, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { temporalContact } from '../../agent/contact.ts';
import { startChange, startOptions } from '../../client/start.ts';
import { clientConverter } from '../../codec/data-converter.ts';
import { newPayloadKey, parsePayloadKey, type PayloadKey } from '../../codec/keys.ts';
import { createPayloadCodec } from '../../codec/payload-codec.ts';
import { serveCodec } from '../../codec/server.ts';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { payloadKeys } from '../../config/payload-keys.ts';
import { driftScheduleId } from '../../domain/drift/drift.ts';
import { encryptedEncoding, encryptedWith, type PayloadLike } from '../../domain/encrypted-payload.ts';
import type { ChangeView } from '../../domain/view.ts';
import { keepDriftSchedules } from '../../worker/drift-schedules.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { findTemporalCli } from '../../worker/stack/temporal-binaries.ts';
import { makePayloadKey } from '../../worker/payload-key.ts';
import { findPlanted, histories } from '../integration/planted.ts';
import { eventually } from '../support/processes.ts';
import { startRaw } from '../support/raw.ts';
import { useRig } from '../support/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-encrypted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [newest, older] = [join(folder, 'payload.key'), join(folder, 'older.key')];
const ids: string[] = [];
beforeAll(async () => {
  for (const file of [newest, older]) ids.push(await makePayloadKey(file));
});

const rig = useRig({
  policy: 'approvals: { low: 1, high: 1, expire: 60s }',
  temporalSection: async (address) =>
    `{ address: '${address}', encryption: { keys: ['\${file:${newest}}', '\${file:${older}}'] } }`,
});

const keysFrom = (files: readonly string[]) => payloadKeys({ keys: files.map((file) => `\${file:${file}}`) }, null);

/** One that has other keys, or none. */
function clientWith(keys: readonly PayloadKey[]): Client {
  return new Client({
    connection: rig().client.connection,
    identity: 'other@rig',
    dataConverter: clientConverter(keys),
  });
}

/** Each payload that stands in the history, and where: `workflowExecutionStartedEventAttributes.input.payloads.0`. */
function payloadsIn(value: unknown, path: readonly string[] = []): readonly (readonly [string, PayloadLike])[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { metadata } = value as { readonly metadata?: { readonly encoding?: unknown } };
  if (metadata?.encoding instanceof Uint8Array) return [[path.join('.'), value as PayloadLike]];
  return Object.entries(value).flatMap(([name, inner]) => payloadsIn(inner, [...path, name]));
}

async function readablePayloads(change: WorkflowHandle): Promise<string[]> {
  const { events } = await change.fetchHistory();
  const all = (events ?? []).flatMap((event) => payloadsIn(event));
  expect(all.filter(([, payload]) => encryptedWith(payload) === ids[0]).length).toBeGreaterThan(10);
  return [...new Set(all.flatMap(([path, payload]) => (encryptedWith(payload) === null ? [path] : [])))].sort();
}

/** Encrypted with which key its look is started; undefined: there is none. */
async function scheduledWith(target: string): Promise<string | null | undefined> {
  const { raw } = await rig().client.schedule.getHandle(driftScheduleId(target)).describe();
  const [input] = raw.schedule?.action?.startWorkflow?.input?.payloads ?? [];
  return input && encryptedWith(input);
}

describe('with encrypted payloads', () => {
  it('a change is made, decided about and reverted, and its history tells nothing of it', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      reason: 'planted-reason for the category pages',
      requestedBy: 'planted-requester',
      change: {
        kind: 'config',
        settings: { work_mem: '7531kB' },
        files: { 'pg_hba.conf': await rig().hbaWithoutDependent() },
      },
    });
    await change.reaches('approve');
    const own = change.executeUpdate('approve', { args: ['planted-requester: my own'] });
    await expect(own).rejects.toMatchObject({ cause: { message: expect.stringContaining('planted-requester') } });
    await change.executeUpdate('approve', { args: ['planted-approver: seen'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'check-failed' });
    expect(await rig().configuration()).toEqual(before);
    expect((await change.view()).phase).toBe('closed');
    const ours = ['planted-reason', 'planted-requester', 'planted-approver'];
    const found = ['work_mem', '7531kB', 'image-service', 'image_svc', 'pg_hba.conf', 'postgresql://', 'scram-sha-256'];
    const all = await histories(rig().client);
    expect(findPlanted(new Map([...ours, ...found].map((words) => [words, words])), all)).toEqual([]);
    const readable = await readablePayloads(change);
    expect(readable.filter((path) => !/[sS]earchAttributes|markerRecordedEventAttributes/.test(path))).toEqual([]);
    const { report } = await rig().recorded(change.changeId);
    for (const words of ['planted-reason', 'planted-approver', 'image-service'])
      expect(report?.markdown).toContain(words);
  });

  it('the temporal command reads it by way of the codec server', async () => {
    const { path } = await findTemporalCli(() => undefined);
    const [, script = ''] =
      /```sh\n([^]*?)```/.exec(readFileSync(join(packageRoot, 'docs/encryption.md'), 'utf8')) ?? [];
    const change = await rig().start({
      reason: 'planted-reason',
      change: { kind: 'config', settings: { work_mem: '3MB' } },
    });
    await change.reaches('approve');
    await change.executeUpdate('reject', { args: ['kim: no'] });
    await change.outcome();
    const server = await serveCodec({
      codec: createPayloadCodec(await keysFrom([newest])),
      listen: { host: '127.0.0.1', port: 0 },
      origins: [],
      token: 'the-token',
    });
    try {
      const shown = script
        .replace('knowngood:shop-db:upgrade-17', change.workflowId)
        .replace('http://127.0.0.1:8234', server.address);
      const PATH = [dirname(path), process.env['PATH']].join(delimiter);
      const env = { ...process.env, PATH, TEMPORAL_ADDRESS: rig().temporalAddress, TOKEN: 'the-token' };
      const { stdout } = await promisify(execFile)('sh', ['-e', '-c', shown], { env, maxBuffer: 16 * 1024 * 1024 });
      expect(stdout).toContain('planted-reason');
    } finally {
      await server.close();
    }
  });

  it('what a person types without a codec server, and what began without a key, is taken all the same', async () => {
    const client = clientWith([]);
    const changeId = 'begun-in-clear';
    const request = { target: rig().targetName, changeId, reason: 'in clear', requestedBy: 'alex' };
    const change = { kind: 'config', settings: { work_mem: '6MB' } } as const;
    const handle = await client.workflow.start('guardedChange', startOptions({ ...request, change }));
    const again = async (settings: Record<string, string>) =>
      startChange(rig().client, { ...request, change: { ...change, settings } });
    expect(await again({ work_mem: '6MB' })).toMatchObject({ kind: 'attached' });
    expect(await again({ work_mem: '9MB' })).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'change-id-taken' }],
    });
    await expect(handle.query('view')).rejects.toThrow('does not have');
    const seen = rig().client.workflow.getHandle(handle.workflowId);
    const inPhase = async () => (await seen.query<ChangeView>('view')).phase === 'approve';
    await eventually('it waits for approval', inPhase, 20_000);
    const said = client.workflow.getHandle(handle.workflowId).executeUpdate('approve', { args: ['kim: in clear'] });
    // It counts; only its answer is encrypted.
    await expect(said).rejects.toThrow('does not have');
    expect(await seen.result()).toMatchObject({ outcome: 'kept' });
  });

  it('what was encrypted with a key that the worker lacks is refused, and holds nothing up', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '5MB' } } });
    await change.reaches('approve');
    const stranger = parsePayloadKey(newPayloadKey()) as PayloadKey;
    const said = clientWith([stranger]).workflow.getHandle(change.workflowId);
    const refused = await said.executeUpdate('reject', { args: ['kim: no'] }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause?.message).toContain(`encrypted with key ${stranger.id}`);
    const open = async () => ({ connection: rig().client.connection as Connection, namespace: 'default' });
    expect(await temporalContact(open).look(change.workflowId)).toMatchObject({ kind: 'running' });
    await change.executeUpdate('reject', { args: ['kim: no'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected' });
  });

  it('a schedule follows a rotation, because it outlives every key', async () => {
    const { targets, ...config } = await loadKnowngoodConfig(join(rig().folder, 'knowngood.yaml'));
    const [shop] = Object.values(targets);
    if (shop === undefined) throw new Error('the rig has a target');
    const looked = {
      ...config,
      targets: { 'often-looked-at': { ...shop, drift: { everyMs: 3_600_000, ignore: [] } } },
    };
    for (const keyId of [null, ids[1], ids[0]] as const) {
      const keys = keyId === null ? [] : await keysFrom(keyId === ids[0] ? [newest, older] : [older, newest]);
      const kept = keepDriftSchedules({
        client: clientWith(keys),
        config: async () => looked,
        ...(keyId === null ? {} : { keyId }),
      });
      const isSo = async () => (await scheduledWith('often-looked-at').catch(() => undefined)) === keyId;
      await eventually(`it is encrypted with ${keyId ?? 'none'}`, isSo, 10_000);
      await kept.stop();
    }
    await rig().client.schedule.getHandle(driftScheduleId('often-looked-at')).delete();
  });

  it('a failure is told to who has the key, and its words stand in no history', async () => {
    const failed = await startRaw(rig().client, [{ planted: 'planted-nonsense' }], `knowngood:${rig().targetName}:bad`);
    await expect(failed.result()).rejects.toMatchObject({ cause: { message: '"target" is missing' } });
    const events = JSON.stringify((await failed.fetchHistory()).events);
    expect(events).toContain('Encoded failure');
    expect(events).not.toMatch(/planted|is missing/);
    expect(events).toContain(Buffer.from(encryptedEncoding).toString('base64'));
  });

  it('so are the words of an activity that fails', async () => {
    const path = join(rig().folder, 'knowngood.yaml');
    const good = await readFile(path, 'utf8');
    await writeFile(path, `${good}\nplanted-section: {}\n`);
    try {
      const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '4MB' } } });
      const { problems } = await change.outcome();
      expect(JSON.stringify(problems)).toContain('planted-section');
      expect(JSON.stringify((await change.fetchHistory()).events)).not.toContain('planted-section');
    } finally {
      await writeFile(path, good);
    }
  });
});
