/** Drift on its way to people: a real receiver hears of it, is called again while nobody answers, and no more once it is gone. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { accept, edit, look, reload } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { useRig } from '../support/rig.ts';

let http: HttpReceiver;
beforeAll(async () => {
  http = await startHttpReceiver();
});
afterAll(async () => http.stop());

const rig = useRig({
  teams: () => `
teams:
  application: {}
  database:
    notify: [{ webhook: { url: '${http.address}/database' } }]
notifications: { allowPrivate: [127.0.0.1], repeat: 1s, giveUp: 60s, escalation: [{ tell: [database] }] }
`,
});

const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';
const heard = (kind: string): number =>
  http.received.filter(({ json }) => json.type === `com.knowngood.target.${kind}`).length;

it('calls the database team until the drift is gone, and says that it is', async () => {
  await (await accept(rig())).outcome();
  await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
  await reload(rig());
  expect((await look(rig())).told.map(({ kind, severity }) => [kind, severity])).toEqual([['drift', 'critical']]);
  await eventually('it is called again', async () => heard('drift') > 1);
  await edit(rig(), 'pg_hba.conf', (text) => text + rule);
  await reload(rig());
  expect((await look(rig())).told.map(({ kind }) => kind)).toEqual(['drift-gone']);
  await eventually('it is told to be gone', async () => heard('drift-gone') === 1);
  const running = async (): Promise<number> =>
    (await rig().client.workflow.count("WorkflowType = 'sendNotice' AND ExecutionStatus = 'Running'")).count;
  await eventually('nothing rings any more', async () => (await running()) === 0, 20_000);
}, 90_000);
