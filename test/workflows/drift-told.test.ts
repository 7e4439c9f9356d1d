/** Drift on its way to people: a real receiver hears of it, is called again while nobody answers, and no more once it is gone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { accept, edit, look, reload } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { useRig } from '../support/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-told-'));
let http: HttpReceiver;
beforeAll(async () => {
  http = await startHttpReceiver();
  writeFileSync(join(folder, 'key'), 'the-routing-key');
});
afterAll(async () => {
  await http.stop();
  rmSync(folder, { recursive: true, force: true });
});

const rig = useRig({
  teams: () => `
teams:
  application: {}
  database:
    notify:
      - { webhook: { url: '${http.address}/database' } }
      - { pagerduty: { routingKey: '\${file:${folder}/key}', events: '${http.address}' } }
notifications: { allowPrivate: [127.0.0.1], repeat: 1s, giveUp: 60s, escalation: [{ tell: [database] }] }
`,
});

const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';
const paged = (action: string): Set<string> =>
  new Set(http.at('/v2/enqueue').flatMap(({ json }) => (json.event_action === action ? [String(json.dedup_key)] : [])));
const heard = (kind: string): number =>
  http.received.filter(({ json }) => json.type === `com.knowngood.target.${kind}`).length;

it('calls the database team until the drift is gone, and says that it is', async () => {
  await (await accept(rig())).outcome();
  await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
  await reload(rig());
  expect((await look(rig())).told.map(({ kind, severity }) => [kind, severity])).toEqual([['drift', 'critical']]);
  await eventually('it is called again', async () => heard('drift') > 1);
  // A changed mode makes it look as if it were not in force any more: it is told, and silences nothing.
  await chmod(join(rig().target.dataDir, 'pg_hba.conf'), 0o600);
  expect((await look(rig())).told.map(({ severity }) => severity)).toEqual(['warning']);
  const calls = heard('drift');
  await eventually('people are called all the same', async () => heard('drift') > calls + 1);
  await edit(rig(), 'pg_hba.conf', (text) => text + rule);
  await reload(rig());
  expect((await look(rig())).told.map(({ kind }) => kind)).toEqual(['drift-gone']);
  await eventually('it is told to be gone', async () => heard('drift-gone') === 1);
  await eventually('the incident is resolved', async () => paged('resolve').has([...paged('trigger')][0] ?? ''));
  const running = async (): Promise<number> =>
    (await rig().client.workflow.count("WorkflowType = 'sendNotice' AND ExecutionStatus = 'Running'")).count;
  await eventually('nothing rings any more', async () => (await running()) === 0, 20_000);
}, 90_000);
