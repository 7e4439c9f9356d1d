/** Who is told what, and when, of a guarded change: real receivers, and nothing of the change waits for them. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from '../support/receivers.ts';
import { eventually } from '../support/processes.ts';
import { type Handle, useRig } from '../support/rig.ts';

let http: HttpReceiver;
let mail: MailReceiver;
const folder = mkdtempSync(join(tmpdir(), 'knowngood-notices-'));

beforeAll(async () => {
  http = await startHttpReceiver();
  mail = await startMailReceiver();
  writeFileSync(join(folder, 'slack'), `${http.address}/slack/T000/B000/the-secret-of-slack`);
  writeFileSync(join(folder, 'key'), 'the-routing-key');
  writeFileSync(join(folder, 'token'), 'the-api-token');
});
afterAll(async () => {
  await http.stop();
  await mail.stop();
});

const rig = useRig({
  policy: 'approvals: { high: 1, low: 0 }',
  teams: () => `
teams:
  application:
    notify:
      - { slack: '\${file:${folder}/slack}' }
      - { email: { to: [app@shop.example] }, events: [approval-wanted], severity: critical }
  database:
    notify:
      - { webhook: { url: ${http.address}/database, headers: { authorization: 'Bearer \${file:${folder}/token}' } } }
  infrastructure:
    notify:
      - pagerduty: { routingKey: '\${file:${folder}/key}', apiToken: '\${file:${folder}/token}', events: '${http.address}', api: '${http.address}/api', askEvery: 1s }
notifications:
  smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none, from: knowngood@shop.example }
  allowPrivate: [127.0.0.1]
  timeout: 1s
  tries: 2
  repeat: 4s
  giveUp: 60s
  escalation:
    - { tell: [affected, database] }
    - { after: 4s, tell: [infrastructure] }
ui: { address: 'https://ui.shop.example' }
`,
});

beforeEach(() => {
  http.script(() => ({}));
  mail.refuse(null);
});

const events = (of: Handle): string[] =>
  http
    .at('/database')
    .filter(({ json }) => json.data.changeId === of.changeId)
    .map(({ json }) => String(json.type).replace('com.knowngood.', ''));

async function denied(): Promise<Handle> {
  const change = await rig().start({
    change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
  });
  await change.reaches('approve');
  await change.executeUpdate('approve', { args: ['kim: go'] });
  return change;
}

describe('a change that goes well', () => {
  it('tells the database team that it begins and that it is kept, and nobody else', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '8MB' } } });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    await eventually('two events', async () => events(change).length === 2);
    expect(events(change)).toEqual(['change.armed', 'change.kept']);
    expect(http.at('/slack')).toEqual([]);
    const [{ json, headers } = { json: {}, headers: {} }] = http.at('/database');
    expect(json).toMatchObject({
      specversion: '1.0',
      id: `${rig().targetName}:${change.changeId}:armed:1`,
      source: `urn:knowngood:target:${rig().targetName}`,
      data: { link: `https://ui.shop.example/namespaces/default/workflows/${change.workflowId}` },
    });
    expect(headers).toMatchObject({
      authorization: 'Bearer the-api-token',
      'idempotency-key': `${json.id}:database/webhook`,
    });
  });
});

describe('a change that denies a dependent', () => {
  it('is told to the team of the dependent too, with the words of the check and what explains it', async () => {
    const change = await denied();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', dependents: 'recovered' });
    await eventually('the end', async () => events(change).includes('change.reverted'));
    expect(events(change)).toEqual(['change.approval-wanted', 'change.armed', 'change.reverting', 'change.reverted']);
    await eventually('two messages', async () => http.at('/slack').length === 2);
    const [reverting] = http.at('/slack');
    expect(reverting?.text).toContain('Reverting');
    expect(reverting?.text).toContain('pg_hba.conf');
    expect(reverting?.text).toContain('image-service/login failed');
  });

  it('is reverted as fast while every receiver hangs', async () => {
    http.script(() => ({ silent: true }));
    const change = await denied();
    const { moments, outcome } = await change.outcome();
    expect(outcome).toBe('reverted');
    // One try at a receiver takes a second, and each has two of them.
    expect((moments.restored ?? 0) - (moments.decided ?? 0)).toBeLessThan(1_000);
    await sleep(100);
  });
});
