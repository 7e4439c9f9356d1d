import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporalCli } from '../../../worker/stack/temporal-binaries.ts';
import { searchAttributes } from '../../../domain/search-attributes.ts';
import { type TemporalStack, startTemporal } from '../../../worker/stack/temporal-server.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { temporalAddress } from '../../support/temporal.ts';
import { script } from './script.ts';

/** On a machine that has never run it, the Web UI is built first. */
const buildMs = 300_000;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'knowngood-test-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('the embedded Temporal server', () => {
  let stack: TemporalStack;
  let uiAddress = '';
  beforeAll(async () => {
    stack = await startTemporal({ dbFile: join(home, 'temporal.db') });
    uiAddress = stack.uiAddress ?? '';
  }, buildMs);
  afterAll(() => stack.stop());

  it('has its search attributes from the start', async () => {
    const connection = await Connection.connect({ address: stack.address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: stack.namespace,
      });
      expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining([...searchAttributes]));
    } finally {
      await connection.close();
    }
  });

  it('keeps its workflows in WAL mode', async () => {
    expect(await readdir(home)).toContain('temporal.db-wal');
  });

  it('shows its workflows in the Web UI, on this machine only', async () => {
    const connection = await Connection.connect({ address: stack.address });
    try {
      const client = new Client({ connection });
      await client.workflow.start('nobodyRunsThis', { taskQueue: 'nobody', workflowId: 'seen-in-the-ui' });
      const list = `${uiAddress}/api/v1/namespaces/${stack.namespace}/workflows`;
      await eventually('the workflow', async () => (await (await fetch(list)).text()).includes('seen-in-the-ui'));
    } finally {
      await connection.close();
    }
    expect(new URL(uiAddress).hostname).toBe('127.0.0.1');
    const elsewhere = uiAddress.replace('127.0.0.1', '127.0.0.2');
    await expect(fetch(elsewhere)).rejects.toThrow();
  });
});

it('remembers its workflows from one start to the next', async () => {
  const dbFile = join(home, 'kept.db');
  const start = async () => {
    const stack = await startTemporal({ ui: false, dbFile });
    const connection = await Connection.connect({ address: stack.address });
    return { client: new Client({ connection }), stop: () => connection.close().then(() => stack.stop()) };
  };
  const first = await start();
  await first.client.workflow.start('nobodyRunsThis', { taskQueue: 'nobody', workflowId: 'kept' });
  await first.stop();
  const second = await start();
  expect((await second.client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  await second.stop();
});

it('ends with its starter that is killed, the Web UI too', async () => {
  const starter = script(`
    const { startTemporal } = await stack('temporal-server');
    const { address, uiAddress } = await startTemporal();
    console.log(address); console.log(uiAddress);
    setInterval(() => {}, 1000);
  `);
  const port = (await starter.line()).split(':')[1];
  const ui = await starter.line();
  expect((await fetch(ui)).ok).toBe(true);
  starter.process.kill('SIGKILL');
  await eventually('its end', async () => (await processesWith(`--port ${port}`)).length === 0);
  await eventually('the end of the UI', () =>
    fetch(ui).then(
      () => false,
      () => true,
    ),
  );
});

it('is one for the whole test run', async () => {
  expect(await temporalAddress()).toBe(await temporalAddress());
});

it('names every way out when there is neither Temporal nor Go nor a network', async () => {
  const path = process.env['PATH'];
  const cache = process.env['KNOWNGOOD_CACHE_DIR'];
  const fetched = globalThis.fetch;
  try {
    process.env['PATH'] = '/nowhere';
    process.env['KNOWNGOOD_CACHE_DIR'] = join(home, 'empty-cache');
    globalThis.fetch = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'));
    const failing = findTemporalCli(() => {});
    await expect(failing).rejects.toMatchObject({
      code: 'no-temporal',
      detail: expect.stringMatching(/ENOTFOUND.*no go on PATH/),
      hint: expect.stringMatching(/TEMPORAL_ADDRESS[^]*PATH[^]*official release[^]*install Go/),
    });
    expect(await readdir(join(home, 'empty-cache', 'temporal'))).toEqual([]);
  } finally {
    globalThis.fetch = fetched;
    if (path !== undefined) process.env['PATH'] = path;
    if (cache === undefined) delete process.env['KNOWNGOOD_CACHE_DIR'];
    else process.env['KNOWNGOOD_CACHE_DIR'] = cache;
  }
});
