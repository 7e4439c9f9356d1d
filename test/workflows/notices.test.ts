/** Who is told what, and when, of a guarded change: real receivers, and nothing of the change waits for them. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import pg from 'pg';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { notifyPlanOf } from '../../config/notify.ts';
import { noticeWorkflowId } from '../../domain/notify/notice.ts';
import { deliveryOf } from '../../domain/notify/plan.ts';
import type { NoticeToSend } from '../../domain/notify/to-send.ts';
import type { sendNotice } from '../../workflows/send-notice.ts';
import { workflowCode } from '../../worker/bundle.ts';
import { aNotice } from '../domain/notify/builders.ts';
import { command } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import {
  type HttpReceiver,
  type MailReceiver,
  type Script,
  startHttpReceiver,
  startMailReceiver,
} from '../support/receivers.ts';
import { recordAs } from '../support/record.ts';
import { type Handle, useRig } from '../support/rig.ts';
import { silentEvents } from '../support/summaries.ts';

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
  rmSync(folder, { recursive: true, force: true });
});

const rig = useRig({
  policy: 'approvals: { high: 1, low: 0 }',
  checks: () => `
      page:
        http: { url: ${http.address}/health, status: 200 }
        level: required
        interval: 800ms`,
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
      - { webhook: { url: ${http.address}/infrastructure }, events: [revert-incomplete] }
notifications:
  smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none, from: knowngood@shop.example }
  allowPrivate: [127.0.0.1]
  timeout: 1s
  tries: 2
  repeat: 1s
  giveUp: 60s
  escalation:
    - { tell: [affected, database] }
    - { after: 3s, tell: [infrastructure] }
ui: { address: 'https://ui.shop.example' }
`,
});

let health = 200;
function script(next: Script): void {
  http.script((received, n) => (received.path.startsWith('/health') ? { status: health } : next(received, n)));
}

beforeEach(() => {
  script(() => ({}));
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

describe('a change that is not wanted after all', () => {
  it('is over to whoever was asked for an approval', async () => {
    const unwanted = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
    });
    await unwanted.reaches('approve');
    await unwanted.executeUpdate('reject', { args: ['kim: not tonight'] });
    await unwanted.outcome();
    await eventually('the end', async () => events(unwanted).includes('change.ended'));
    expect(events(unwanted)).toEqual(['change.approval-wanted', 'change.ended']);
  });

  it('tells of no revert when it is aborted before its way back stands, and of its end', async () => {
    const early = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
    });
    await early.reaches('approve');
    await rig().stopAgent();
    await early.executeUpdate('approve', { args: ['kim: go'] });
    await early.reaches('arm');
    await early.executeUpdate('abort', { args: ['kim: not tonight'] });
    await rig().startAgent();
    expect(await early.outcome()).toMatchObject({ outcome: 'aborted', moments: { armed: null } });
    await eventually('the end', async () => events(early).includes('change.ended'));
    expect(events(early)).toEqual(['change.approval-wanted', 'change.ended']);
  });
});

describe('a change whose workflow somebody terminates after people were told that it fails', () => {
  it('is told to be back to the same people', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '11MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    health = 503;
    await eventually('it fails', async () => events(change).includes('change.failing'));
    await change.terminate('by hand');
    health = 200;
    await eventually('the end', async () => events(change).includes('change.reverted'), 60_000);
    const [reverted] = http.at('/database').filter(({ json }) => json.type === 'com.knowngood.change.reverted');
    expect(reverted?.json.data).toMatchObject({ changeId: change.changeId, dependents: ['image-service'] });
  }, 120_000);
});

describe('a change that people decide about', () => {
  it('asks them, and tells them what became of it', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '10MB' } },
      overrides: { requireConfirm: true },
    });
    await change.reaches('hold');
    await eventually('the question', async () => events(change).includes('change.holding'));
    const [held] = http.at('/database').filter(({ json }) => json.type === 'com.knowngood.change.holding');
    expect(held?.json.data.actions).toContain('keep it: confirm with "name: reason"');
    await change.executeUpdate('confirm', { args: ['kim: good'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    await eventually('the end', async () => events(change).includes('change.kept'));
    expect(events(change)).toEqual(['change.armed', 'change.holding', 'change.kept']);
  });
});

/** It asks its dependents for half a minute whether they have recovered: other notices are told meanwhile. */
let slow: Handle;

describe('a change that makes a dependent fail slowly, and for good', () => {
  it('is told when that begins, before it is decided', async () => {
    slow = await rig().start({
      change: { kind: 'config', settings: { work_mem: '12MB' } },
      overrides: { soak: '30s' },
    });
    await slow.reaches('watch');
    health = 503;
    await eventually('the decision', async () => events(slow).includes('change.reverting'));
    expect(events(slow)).toEqual(['change.armed', 'change.failing', 'change.reverting']);
    const [failing] = http.at('/database').filter(({ json }) => json.type === 'com.knowngood.change.failing');
    expect(failing?.json.data).toMatchObject({ dependents: ['image-service'] });
    expect(failing?.json.data.facts[0]).toContain('image-service/page failed');
    expect(failing?.at).toBeLessThan((await decidedAt(slow)) ?? 0);
  });
});

async function decidedAt(change: Handle): Promise<number | undefined> {
  const { timeline } = await change.view();
  return timeline.find(({ text }) => text.startsWith('decided to revert'))?.at;
}

/** A critical notice of a change that is none: what becomes of it by itself. */
async function critical(
  bent: Partial<NoticeToSend['notice']> = {},
  untilAcknowledged?: NoticeToSend['delivery']['untilAcknowledged'],
) {
  const key = `${rig().targetName}:c-${randomBytes(4).toString('hex')}:still-failing:1`;
  const notice = aNotice({
    kind: 'still-failing',
    severity: 'critical',
    key,
    target: rig().targetName,
    at: Date.now(),
    ...bent,
  });
  const config = await loadKnowngoodConfig(join(rig().folder, 'knowngood.yaml'));
  const plan = notifyPlanOf(config, rig().targetName);
  if (plan === null) throw new Error('the rig has teams');
  const usual = deliveryOf(plan, notice);
  const delivery = untilAcknowledged === undefined ? usual : { ...usual, untilAcknowledged };
  const hasEnd = untilAcknowledged !== undefined;
  const args: [NoticeToSend] = [{ notice, delivery, changeWorkflowId: null, hasEnd }];
  const handle = await rig().client.workflow.start<typeof sendNotice>('sendNotice', {
    workflowId: noticeWorkflowId(notice),
    taskQueue: 'knowngood',
    args,
  });
  return Object.assign(handle, {
    notice,
    /** Events of this notice at PagerDuty, and messages elsewhere. */
    paged: () => http.at('/v2/enqueue').filter(({ json }) => json.dedup_key === `knowngood:${key}`),
    toldTo: (path: string) => http.at(path).filter(({ text }) => path !== '/database' || text.includes(key)),
  });
}

const actions = (received: readonly { readonly json: any }[]): string[] =>
  received.map(({ json }) => json.event_action as string);

async function detailsOf(handle: { query<T>(name: string): Promise<T> }): Promise<string> {
  return (await handle.query<{ readonly currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
}

async function rejected(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => null,
    (reason: unknown) => reason as Error & { readonly cause?: { readonly message?: string } },
  );
  // Of one that has ended it is Temporal that says no.
  return error === null ? 'it was taken' : (error.cause?.message ?? error.message);
}

describe('what is critical', () => {
  it('is told to more and more people until somebody acknowledges, who is named to all of them', async () => {
    const notice = await critical();
    await eventually('the first step', async () => notice.toldTo('/database').length === 1);
    expect(notice.paged()).toEqual([]);
    await eventually('the second step', async () => actions(notice.paged()).includes('trigger'));
    const waitedMs = (notice.paged()[0]?.at ?? 0) - (notice.toldTo('/database')[0]?.at ?? 0);
    expect(waitedMs).toBeGreaterThan(2_000);
    expect(JSON.stringify(notice.paged()[0]?.json)).toContain('Nobody has acknowledged it yet');
    await notice.executeUpdate('acknowledge', { args: ['kim: on the host'] });
    expect(await notice.result()).toMatchObject({ acknowledgedBy: 'kim: on the host' });
    await recordAs('notice-acknowledged', notice);
    expect(actions(notice.paged())).toEqual(['trigger', 'acknowledge']);
    expect(notice.toldTo('/database').map(({ json }) => json.type)).toEqual([
      'com.knowngood.change.still-failing',
      'com.knowngood.notice.acknowledged',
    ]);
  });

  it('is repeated to the last step while nobody does', async () => {
    const notice = await critical();
    await eventually('a repeat', async () => notice.paged().length >= 2, 20_000);
    expect(new Set(actions(notice.paged()))).toEqual(new Set(['trigger']));
    await notice.signal('acknowledge', 'kim: sorry');
    expect(await notice.result()).toMatchObject({ acknowledgedBy: 'kim: sorry' });
  });

  it('asks nobody any more once it has given up, and keeps little of what it told', async () => {
    const notice = await critical({}, { repeatMs: 0, giveUpMs: 4_500 });
    await eventually('it asks', async () => (await detailsOf(notice)).includes('**acknowledge**'));
    await eventually('it asks no more', async () => !(await detailsOf(notice)).includes('**acknowledge**'), 10_000);
    expect(await rejected(notice.executeUpdate('acknowledge', { args: ['kim: late'] }))).toContain('nothing to ack');
    await notice.signal('over');
    const { told, counts, acknowledgedBy } = await notice.result();
    await recordAs('notice-given-up-over', notice);
    expect({ acknowledgedBy, tries: counts.tries <= 8 }).toEqual({ acknowledgedBy: null, tries: true });
    expect(counts.delivered).toBe(counts.tries);
    expect(told.length).toBeLessThanOrEqual(20);
  });

  it('is refused when it is none, and wedges nothing', async () => {
    const handle = await rig().client.workflow.start('sendNotice', {
      workflowId: noticeWorkflowId({ key: randomBytes(4).toString('hex') }),
      taskQueue: 'knowngood',
      args: [{ notice: { at: 1e300 }, delivery: null }],
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { message: 'cannot read the notice of a notice' } });
  });

  it('is acknowledged in PagerDuty itself', async () => {
    const notice = await critical();
    script(({ path }) =>
      path.startsWith('/api/incidents') && path.includes(encodeURIComponent(notice.notice.key))
        ? {
            body: JSON.stringify({
              incidents: [{ status: 'acknowledged', acknowledgements: [{ acknowledger: { summary: 'Ada' } }] }],
            }),
          }
        : {},
    );
    expect(await notice.result()).toMatchObject({ acknowledgedBy: 'Ada (in PagerDuty)' });
    await recordAs('notice-acknowledged-there', notice);
  });

  it('says why an acknowledgement has no effect', async () => {
    const notice = await critical();
    await notice.executeUpdate('acknowledge', { args: ['kim: mine'] });
    expect(await rejected(notice.executeUpdate('acknowledge', { args: ['lee: mine'] }))).toMatch(
      /acknowledged already, by kim: mine|already completed/,
    );
    await notice.result();
    const info = await critical({ severity: 'warning' });
    expect(await rejected(info.executeUpdate('acknowledge', { args: ['lee: mine'] }))).toMatch(
      /nothing to acknowledge|already completed/,
    );
    await info.result();
  });

  it('goes to the next channel of the team when one is dead, which says so', async () => {
    script(({ path }) => (path.startsWith('/slack') ? { status: 404, body: 'no_service' } : {}));
    const before = mail.mails.length;
    const notice = await critical();
    await eventually('a mail', async () => mail.mails.length > before);
    await notice.executeUpdate('acknowledge', { args: ['kim: mine'] });
    const { told } = await notice.result();
    await recordAs('notice-next-channel', notice);
    expect(told.map(({ channel, state }) => `${channel} ${state}`)).toEqual(
      expect.arrayContaining(['application/slack dead', 'application/email delivered']),
    );
    expect(mail.mails[before]?.raw.replaceAll('=\r\n', '')).toContain('slack of team application is dead');
  });

  it('goes to the next step at once when a whole team cannot be reached', async () => {
    script(({ path }) => (path.startsWith('/database') ? { status: 500 } : {}));
    const notice = await critical();
    await eventually('a page', async () => notice.paged().length > 0);
    // Two tries, a second apart; the step itself would come after three.
    expect((notice.paged()[0]?.at ?? 0) - notice.notice.at).toBeLessThan(2_900);
    expect(JSON.stringify(notice.paged()[0]?.json)).toContain('Team database could not be reached');
    await notice.signal('acknowledge', 'kim: mine');
    await notice.result();
  });

  it('waits as long as 429 asks, and no longer than a minute', async () => {
    let asked = 0;
    script(({ path }) =>
      path.startsWith('/database') && asked++ === 0 ? { status: 429, headers: { 'retry-after': '2' } } : {},
    );
    const notice = await critical({ severity: 'warning' });
    await notice.result();
    const [first, second] = notice.toldTo('/database');
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_900);
    expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key']);
  });
});

describe('the change whose dependent still fails', () => {
  it('calls people, as going back did not help', async () => {
    const { outcome, dependents } = await slow.outcome();
    health = 200;
    expect({ outcome, dependents }).toEqual({ outcome: 'reverted', dependents: 'still-failing' });
    await eventually('a call', async () => events(slow).includes('change.still-failing'));
    expect(events(slow).slice(3).sort()).toEqual(['change.reverted', 'change.still-failing']);
    const config = ['--config', join(rig().folder, 'knowngood.yaml')];
    const name = `${rig().targetName}:${slow.changeId}`;
    await eventually(
      'it is listed',
      async () => (await command('acknowledge', name, '--as', 'kim', ...config)).code === 0,
    );
    await eventually('the word', async () => events(slow).includes('notice.acknowledged'));
  }, 90_000);
});

describe('a notice', () => {
  it('is told at least once, under the same key, although the worker stops in the middle', async () => {
    script(({ path }, n) => (path.startsWith('/database') && n >= 0 ? { silent: true } : {}));
    const notice = await critical({ severity: 'warning' });
    await eventually('the first try', async () => notice.toldTo('/database').length === 1);
    await rig().stopWorker();
    script(() => ({}));
    await rig().startWorker();
    expect((await notice.result()).told.some(({ state }) => state === 'delivered')).toBe(true);
    const tries = notice.toldTo('/database');
    expect(tries.length).toBeGreaterThan(1);
    expect(new Set(tries.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });
});

/** Read again below. */
let change: Handle;

describe('a change that denies a dependent', () => {
  it('is told to the team of the dependent too, with the words of the check and what explains it', async () => {
    change = await denied();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', dependents: 'recovered' });
    await eventually('the end', async () => events(change).includes('change.reverted'));
    expect(events(change)).toEqual(['change.approval-wanted', 'change.armed', 'change.reverting', 'change.reverted']);
    const messages = () => http.at('/slack').filter(({ text }) => text.includes(change.changeId));
    await eventually('two messages', async () => messages().length === 2);
    const [reverting] = messages();
    expect(reverting?.text).toContain('Reverting');
    expect(reverting?.text).toContain('pg_hba.conf');
    expect(reverting?.text).toContain('image-service/login failed');
  });

  it('is reverted as fast while every receiver hangs', async () => {
    script(() => ({ silent: true }));
    const other = await denied();
    const { moments, outcome } = await other.outcome();
    expect(outcome).toBe('reverted');
    // One try at a receiver takes a second, and each has two of them.
    expect((moments.restored ?? 0) - (moments.decided ?? 0)).toBeLessThan(1_000);
  });
});

describe('a revert that is not complete', () => {
  it('calls people, takes their word through the change, and tells when it is over', async () => {
    const { target } = rig();
    const change = await rig().start({ change: { kind: 'external', description: 'raise max_connections' } });
    await change.reaches('approve');
    await change.executeUpdate('approve', { args: ['kim: go'] });
    await change.executeUpdate('awaitArmed');
    await sql('alter system set max_connections = 77');
    await exec(target.pgCtl('restart', '-m', 'fast', '-w'));
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    const view = await change.reaches('revert-incomplete');
    expect(view.possible).toEqual(['abandon', 'acknowledge']);
    await eventually('a call', async () => events(change).includes('change.revert-incomplete'));
    const key = `${rig().targetName}:${change.changeId}:revert-incomplete:1`;
    await eventually('a page', async () => http.at('/v2/enqueue').some(({ text }) => text.includes(key)), 10_000);
    // With the name in front of it longer than one text may be.
    const why = 'restarting it'.padEnd(495, '!');
    await change.executeUpdate('acknowledge', { args: [{ who: 'an operator', why }] });
    expect(await rejected(change.executeUpdate('acknowledge', { args: ['lee: me too'] }))).toContain(
      'acknowledged already, by an operator: restarting it',
    );
    await eventually('the word', async () => events(change).includes('notice.acknowledged'));
    await exec(target.pgCtl('restart', '-m', 'fast', '-w'));
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
    await eventually('the end', async () => events(change).includes('change.reverted'));
    expect((await rig().recorded(change.changeId)).report?.json).toMatchObject({
      decisions: expect.arrayContaining([expect.objectContaining({ what: 'acknowledge', who: 'an operator' })]),
    });
    const paged = (): string[] =>
      actions(http.at('/v2/enqueue').filter(({ json }) => json.dedup_key === `knowngood:${key}`));
    await eventually('the incident is closed', async () => paged().includes('resolve'));
    expect(paged().filter((action, i, all) => action !== all[i - 1])).toEqual(['trigger', 'acknowledge', 'resolve']);
    // Called only because nobody had answered: no notice of the end goes there by itself.
    const said = (): unknown[] => http.at('/infrastructure').flatMap(({ json }) => json.data.over ?? []);
    await eventually('the end, for who was called', async () => said().length > 0);
    expect(said()).toEqual([expect.stringContaining('is back as it was')]);
  });
});

describe('a revert by the agent alone', () => {
  it('is told once it is known, although the workflow was terminated', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '9MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.terminate('by hand');
    await eventually('the word', async () => events(change).includes('change.reverted'), 40_000);
    const last = http
      .at('/database')
      .find(({ json }) => json.type === 'com.knowngood.change.reverted' && json.data.changeId === change.changeId);
    expect(last?.text).toContain('ended from outside');
  });
});

describe('histories', () => {
  it('of a change that tells people, and of what it tells, replay', async () => {
    const ids = [change.workflowId, noticeWorkflowId({ key: `${rig().targetName}:${change.changeId}:reverting:1` })];
    for (const id of ids) {
      const handle = rig().client.workflow.getHandle(id);
      await handle.result();
      await Worker.runReplayHistory({ workflowBundle: await workflowCode() }, await handle.fetchHistory(), id);
    }
  });

  it('hold no secret and no address of a channel', async () => {
    const text = historyToJSON(await change.fetchHistory());
    const decoded = [...text.matchAll(/"data": ?"([A-Za-z0-9+/=]+)"/g)].map(([, data = '']) =>
      Buffer.from(data, 'base64').toString(),
    );
    expect(decoded.join('\n')).toContain('application/slack');
    for (const secret of ['the-secret-of-slack', 'the-routing-key', 'the-api-token', `${http.address}/database`])
      // Not the whole history in the message of a failure.
      expect(decoded.some((payload) => payload.includes(secret)) ? secret : null).toBe(null);
  });
});

describe('knowngood notify test', () => {
  it('says what each channel of a team answered, and fails when one does not work', async () => {
    const config = ['--config', join(rig().folder, 'knowngood.yaml')];
    const good = await command('notify', 'test', 'application', ...config);
    expect(good.out).toMatch(/delivered +application\/slack +ok/);
    expect(good.out).toMatch(/delivered +application\/email/);
    expect(good.code).toBe(0);
    script(({ path }) => (path.startsWith('/slack') ? { status: 404, body: 'no_service' } : {}));
    const bad = await command('notify', 'test', 'application', ...config, '--json');
    expect(bad.code).toBe(1);
    expect(bad.json()).toMatchObject({
      team: 'application',
      channels: [{ channel: 'application/slack', ok: false, words: 'answered 404: no_service' }, { ok: true }],
    });
    expect(await command('notify', 'test', 'databse', ...config)).toMatchObject({ code: 1 });
  });
});

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: rig().target.url() });
  await client.connect();
  await client.query(text);
  await client.end();
}

async function exec([name = '', ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(name, args);
}

it('says in plain words what each activity, timer and child is for', async () => {
  expect(await silentEvents(rig().client, `KnowngoodTarget = "${rig().targetName}"`)).toEqual([]);
});
