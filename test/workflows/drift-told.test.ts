/** Drift on its way to people: a real receiver hears of it, is called again while nobody answers, and no more once it is gone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { command, type Run } from '../support/cli.ts';
import { accept, edit, look, reload, sqlOn } from '../support/drift.ts';
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
  // What nothing can be compared with is a high risk.
  policy: 'approvals: { low: 1, high: 0 }',
  teams: () => `
teams:
  application: {}
  database:
    notify:
      - { webhook: { url: '${http.address}/database' } }
      - { pagerduty: { routingKey: '\${file:${folder}/key}', events: '${http.address}' } }
  infrastructure:
    notify:
      - { webhook: { url: '${http.address}/infrastructure' } }
notifications:
  allowPrivate: [127.0.0.1]
  repeat: 1s
  giveUp: 60s
  escalation: [{ tell: [database] }, { after: 1s, tell: [infrastructure] }]
`,
});

const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';
const paged = (action: string): Set<string> =>
  new Set(http.at('/v2/enqueue').flatMap(({ json }) => (json.event_action === action ? [String(json.dedup_key)] : [])));
const heard = (kind: string): number =>
  http.received.filter(({ json }) => json.type === `com.knowngood.target.${kind}`).length;

const typesAt = (path: string): Set<string> => new Set(http.at(path).map(({ json }) => String(json.type)));

const kinds = async (): Promise<string[]> =>
  (await look(rig())).told.map(({ kind, severity }) => `${kind}: ${severity}`);

it('calls the database team until the drift is gone, and says that it is', async () => {
  await (await accept(rig())).outcome();
  await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
  await reload(rig());
  expect(await kinds()).toEqual(['drift: critical']);
  await eventually('it is called again', async () => heard('drift') > 1);
  // A changed mode is no other drift.
  await chmod(join(rig().target.dataDir, 'pg_hba.conf'), 0o600);
  expect(await kinds()).toEqual([]);
  // What waits on the disk hides what is in force: it is told, and silences nothing.
  await edit(rig(), 'pg_hba.conf', (text) => `${text}# a remark\n`);
  expect(await kinds()).toEqual(['drift: warning']);
  const calls = heard('drift');
  await eventually('people are called all the same', async () => heard('drift') > calls + 1);
  await edit(rig(), 'pg_hba.conf', (text) => text.replace('# a remark\n', '') + rule);
  await reload(rig());
  expect(await kinds()).toEqual(['drift-gone: warning']);
  await eventually('it is told to be gone', async () => heard('drift-gone') === 1);
  await eventually('the incident is resolved', async () => paged('resolve').has([...paged('trigger')][0] ?? ''));
  await eventually('nothing rings any more', async () => (await running()) === 0, 20_000);
  // Who was called later than the database team hears the end as well, and that team once.
  expect(typesAt('/infrastructure')).toContain('com.knowngood.notice.over');
  expect(typesAt('/database')).not.toContain('com.knowngood.notice.over');
}, 90_000);

it('calls nobody any more once no dependent loses access, although it still drifts', async () => {
  http.received.splice(0);
  await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
  await sqlOn(rig(), `alter system set work_mem = '9MB'`);
  await reload(rig());
  expect(await kinds()).toEqual(['drift: critical']);
  await eventually('it is paged', async () => paged('trigger').size === 1);
  const [incident = ''] = paged('trigger');
  await edit(rig(), 'pg_hba.conf', (text) => text + rule);
  // Put back, and not in force yet.
  expect(await kinds()).toEqual(['drift: warning']);
  expect(await running()).toBeGreaterThan(0);
  expect(paged('resolve')).toEqual(new Set());
  await reload(rig());
  expect(await kinds()).toEqual(['drift: warning']);
  await eventually('nothing rings any more', async () => (await running()) === 0, 20_000);
  expect(paged('resolve')).toContain(incident);
  expect(typesAt('/database')).toContain('com.knowngood.notice.over');
  await sqlOn(rig(), 'alter system reset work_mem');
  await reload(rig());
  expect(await kinds()).toEqual(['drift-gone: warning']);
  // Else its last word comes into the next test.
  await eventually('it is told to be gone', async () => heard('drift-gone') === 1);
  await eventually('nobody is being told any more', async () => (await running()) === 0, 20_000);
}, 90_000);

async function running(): Promise<number> {
  const query = "WorkflowType = 'sendNotice' AND ExecutionStatus = 'Running'";
  return (await rig().client.workflow.count(query)).count;
}

function acknowledge(...options: readonly string[]): Promise<Run> {
  const config = join(rig().folder, 'knowngood.yaml');
  return command('drift', 'acknowledge', rig().targetName, '--config', config, ...options);
}

it('is one incident however many days it stays, and quiet once somebody has taken it', async () => {
  http.received.splice(0);
  await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
  await reload(rig());
  expect(await kinds()).toEqual(['drift: critical']);
  await eventually('it is paged', async () => paged('trigger').size === 1);
  await rig().inStore(`update knowngood.drifts set told_at = told_at - interval '25 hours' where gone_at is null`);
  expect(await kinds()).toEqual(['drift: critical']);
  await eventually('only the second telling rings', async () => (await running()) === 1, 20_000);
  await eventually('it is paged again', async () =>
    http.at('/v2/enqueue').some(({ text }) => text.includes('still drifts from known-good')),
  );
  expect([paged('trigger').size, paged('resolve').size]).toEqual([1, 0]);
  const taken = await acknowledge('--as', 'kim', '--reason', 'on it');
  expect(taken).toMatchObject({ code: 0, out: expect.stringContaining('acknowledge: recorded') });
  await eventually('it is acknowledged there', async () => paged('acknowledge').size === 1);
  const calls = heard('drift');
  const none = await acknowledge();
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('acknowledged already, by kim: on it') });
  await edit(rig(), 'pg_hba.conf', (text) => text + rule);
  await reload(rig());
  expect(await kinds()).toEqual(['drift-gone: warning']);
  await eventually('the incident is resolved', async () => paged('resolve').has([...paged('trigger')][0] ?? ''));
  expect(heard('drift')).toBe(calls);
}, 90_000);

it('asks for the approval of an acceptance, and says when nobody is asked any more', async () => {
  http.received.splice(0);
  await sqlOn(rig(), `alter system set work_mem = '9MB'`);
  await reload(rig());
  const acceptance = await accept(rig());
  const { snapshotId } = await acceptance.reaches('approve');
  const about = () => http.at('/database').filter(({ text }) => text.includes(acceptance.acceptId));
  await eventually('the question', async () => about().length === 1);
  expect(about()[0]?.json).toMatchObject({
    type: 'com.knowngood.target.approval-wanted',
    data: {
      headline: `what is live on ${rig().targetName} shall become known-good: waits for 1 approval`,
      actions: expect.arrayContaining([
        `or on a command line: knowngood drift approve ${rig().targetName}:${acceptance.acceptId}`,
      ]),
    },
  });
  await acceptance.executeUpdate('reject', { args: ['kim: put it back'] });
  expect(await acceptance.outcome()).toMatchObject({ outcome: 'rejected', snapshotId: null });
  await eventually('the end', async () => about().length === 2);
  expect(about()[1]?.json.data.headline).toMatch(/rejected by kim: put it back$/);
  expect(snapshotId).not.toBeNull();
  await sqlOn(rig(), 'alter system reset work_mem');
  await reload(rig());
}, 60_000);

it('says when nobody can look any more, once, and when that is over', async () => {
  expect(await look(rig())).toMatchObject({ kind: 'clean' });
  http.received.splice(0);
  await rig().stopAgent();
  expect(await look(rig())).toMatchObject({ kind: 'not-looked', problems: [{ code: 'no-agent' }], told: [] });
  await rig().inStore(`update knowngood.drift_looks set failing_since = failing_since - interval '2 hours'`);
  expect(await kinds()).toEqual(['drift-unknown: warning']);
  expect(await kinds()).toEqual([]);
  await rig().startAgent();
  expect(await kinds()).toEqual(['drift-unknown: warning']);
  expect(await kinds()).toEqual([]);
  await eventually('both are heard', async () => heard('drift-unknown') === 2);
  await eventually('what was opened is closed', async () => paged('resolve').size === 1);
  expect(paged('resolve')).toEqual(paged('trigger'));
}, 120_000);

it('does not fail when the store cannot be asked: the next look says it', async () => {
  const rename = (from: string, to: string): Promise<void> =>
    rig().inStore(`alter table knowngood.${from} rename to ${to}`);
  await rename('drift_looks', 'away');
  const seen = await look(rig());
  await rename('away', 'drift_looks');
  expect(seen).toMatchObject({ kind: 'not-looked', told: [] });
  expect(await look(rig())).toMatchObject({ kind: 'clean' });
}, 60_000);
