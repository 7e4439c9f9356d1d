/** The Temporal Web UI on encrypted payloads: with the codec server a person reads and decides as ever, without it reads nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { parsePayloadKey, type PayloadKey } from '../../codec/keys.ts';
import { createPayloadCodec } from '../../codec/payload-codec.ts';
import { type CodecServer, serveCodec } from '../../codec/server.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { makePayloadKey } from '../../worker/payload-key.ts';
import { startTemporal, type TemporalStack } from '../../worker/stack/temporal-server.ts';
import { eventually } from '../support/processes.ts';
import { findPlanted, histories } from '../integration/planted.ts';
import { readFile } from 'node:fs/promises';
import { useRig } from '../support/rig.ts';
import { openConsole, startBrowser } from './console.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-browser-'));
const keyFile = join(folder, 'payload.key');
let codec: CodecServer;
let temporal: TemporalStack;
let browser: Browser;

beforeAll(async () => {
  await makePayloadKey(keyFile);
  const key = parsePayloadKey((await readFile(keyFile, 'utf8')).trim()) as PayloadKey;
  const uiPort = await freePort();
  codec = await serveCodec({
    codec: createPayloadCodec([key]),
    listen: { host: '127.0.0.1', port: 0 },
    origins: [`http://127.0.0.1:${uiPort}`],
    token: null,
  });
  temporal = await startTemporal({ ui: true, uiPort, codecEndpoint: codec.address });
  browser = await startBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await temporal?.stop();
  await codec?.close();
  rmSync(folder, { recursive: true, force: true });
});

// Registered after the above: Temporal is there before the rig needs it, and goes after it.
const rig = useRig({
  policy: 'approvals: { low: 2, high: 2, expire: 120s }',
  temporal: async () => temporal.address,
  temporalSection: async (address) => `{ address: '${address}', encryption: { keys: ['\${file:${keyFile}}'] } }`,
});

const planted = new Map(['planted-reason', 'planted-approver', 'work_mem'].map((words) => [words, words]));
const untold = /planted-reason|work_mem|Waiting for approval/;

it('the Web UI shows, refuses and takes as ever with the codec server; without it, it shows nothing and takes what is typed', async () => {
  const change = await rig().start({
    reason: 'planted-reason',
    change: { kind: 'config', settings: { work_mem: '7MB' } },
  });
  await change.reaches('approve');
  const { runId } = await change.describe();
  const of = { workflowId: change.workflowId, runId };

  const away = await openConsole(browser, temporal.uiAddress ?? '', of, (page) =>
    page.route(`${codec.address}/**`, (route) => route.abort()),
  );
  await away.page.getByText('Codec Server could not connect').filter({ visible: true }).first().waitFor();
  expect(await away.everything()).not.toMatch(untold);
  await away.page.close();

  const without = await openConsole(browser, temporal.uiAddress ?? '', of, (page) =>
    page.route('**/api/v1/settings*', async (route) => {
      const answer = await route.fetch();
      const settings = (await answer.json()) as Record<string, unknown>;
      await route.fulfill({ response: answer, json: { ...settings, Codec: {} } });
    }),
  );
  await without.page.getByText('Current Details').filter({ visible: true }).first().waitFor();
  expect(await without.everything()).not.toMatch(untold);
  await without.type('approve', '"sam: typed in clear"');
  await eventually('it counts', async () => (await change.view()).approvals.given.length === 1, 20_000);
  await without.page.close();

  const ui = await openConsole(browser, temporal.uiAddress ?? '', of);
  expect(await ui.details('Waiting for approval')).toMatch(/work_mem[^]*1 of 2: sam|1 of 2: sam[^]*work_mem/);
  expect(await ui.everything()).toContain('planted-reason');
  await ui.refusal('confirm', '"kim: fine"', 'confirm has no effect in phase approve');
  await ui.page.keyboard.press('Escape');
  await ui.page.reload();
  await ui.send('Update', 'approve', '"planted-approver: seen the diff"');
  expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
  expect(await ui.details('It is over')).toContain('kept');
  const all = await histories(rig().client);
  expect(findPlanted(planted, all)).toEqual([]);
  expect(findPlanted(new Map([['typed', 'typed in clear']]), all)).not.toEqual([]);
  await ui.page.close();
}, 180_000);
