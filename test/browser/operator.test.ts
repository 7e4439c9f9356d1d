/** A person in front of the Temporal Web UI: reads, approves, aborts, cancels, terminates and finds, in a real browser. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startTemporal, type TemporalStack } from '../../worker/stack/temporal-server.ts';
import { eventually } from '../support/processes.ts';
import { useRig, type Handle } from '../support/rig.ts';
import { silentEvents } from '../support/summaries.ts';
import { uiLink } from '../../cli/context.ts';
import { listAddress, listViews } from '../../domain/views.ts';
import { openConsole, startBrowser, type Console } from './console.ts';
import { picture } from './pictures.ts';

let temporal: TemporalStack;
let browser: Browser;

beforeAll(async () => {
  temporal = await startTemporal({ ui: true });
  browser = await startBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await temporal?.stop();
});

// Registered after the above: Temporal is there before the rig needs it, and goes after it.
const rig = useRig({
  targetName: 'shop-db',
  policy: 'approvals: { low: 2, high: 2, expire: 60s }',
  temporal: async () => temporal.address,
});

const longSoak = { soak: '120s' };
const workMem = (changeId: string, value: string) =>
  ({
    changeId,
    reason: 'larger sorts for the category pages',
    change: { kind: 'config', settings: { work_mem: value } },
  }) as const;

async function open(change: Handle): Promise<Console> {
  const { runId } = await change.describe();
  return openConsole(browser, temporal.uiAddress ?? '', { workflowId: change.workflowId, runId });
}

async function approved(change: Handle): Promise<void> {
  for (const who of ['kim', 'sam']) await change.executeUpdate('approve', { args: [`${who}: seen`] });
}

async function watched(changeId: string, value: string): Promise<Handle> {
  const change = await begin({ ...workMem(changeId, value), overrides: longSoak });
  await change.reaches('approve');
  await approved(change);
  await change.reaches('watch');
  return change;
}

/** What has happened so far names files and processes of this run. */
const untilNow = (text: string): string => text.split('So far')[0] ?? '';

/** One that a failed test has left open would keep the target busy for all that follow. */
const started: Handle[] = [];
afterEach(async () => {
  for (const change of started.splice(0)) {
    await change.cancel().catch(() => undefined);
    await change.outcome().catch(() => undefined);
  }
});

async function begin(request: Parameters<ReturnType<typeof rig>['start']>[0]): Promise<Handle> {
  const change = await rig().start(request);
  started.push(change);
  return change;
}

describe('an operator in the Temporal Web UI', () => {
  it('reads what will change and what to send, approves it with one string, and sees it kept', async () => {
    const change = await begin(workMem('approve-me', '6MB'));
    await change.reaches('approve');
    await change.executeUpdate('approve', { args: ['sam: looks right'] });
    const ui = await open(change);
    const text = await ui.details('Waiting for approval');
    for (const words of ['work_mem', '"anna: read the diff, looks right"', '1 of 2: sam', 'nothing is applied'])
      expect(text).toContain(words);
    await picture(ui.page, 'console-approve', untilNow(text));
    await ui.send('Update', 'approve', '"kim: seen the diff"');
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    expect(await ui.details('It is over')).toContain('kept');
    await ui.page.close();
  }, 90_000);

  it('is told in the dialog why an Update has no effect', async () => {
    const change = await begin(workMem('refuse-me', '7MB'));
    await change.reaches('approve');
    await change.executeUpdate('approve', { args: ['kim: seen'] });
    const ui = await open(change);
    for (const [name, argument, why] of [
      ['confirm', '"kim: fine"', 'confirm has no effect in phase approve'],
      ['approve', '{"who": "kim", "changeId": "another"}', 'this change is refuse-me, not another'],
      ['approve', '{"who": "kim", "planHash": "0000"}', 'the plan has changed since it was read'],
      ['approve', '"alex: my own"', 'alex requested this change and cannot approve it'],
      ['approve', '"Kim: again"', 'has approved this plan already'],
      ['extend', '"soon"', 'cannot read an extension from "soon"'],
      ['acknowledge', '"kim: on it"', 'nothing to acknowledge'],
    ] as const) {
      await ui.refusal(name, argument, why);
      if (name === 'confirm') await picture(ui.page, 'console-refused', why);
      await ui.page.keyboard.press('Escape');
      await ui.page.reload();
    }
    expect((await change.view()).approvals.given).toMatchObject([{ who: 'kim' }]);
    await change.executeUpdate('reject', { args: ['kim: enough'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected' });
    await ui.page.close();
  }, 120_000);

  it('aborts a running change with an Update, and it is reverted', async () => {
    const before = await rig().configuration();
    const change = await watched('abort-me', '8MB');
    const ui = await open(change);
    const text = await ui.details('its dependents are being watched');
    for (const words of [
      'image-service/login',
      '"anna: customers complain"',
      'kept if every required check is healthy',
    ])
      expect(text).toContain(words);
    await picture(ui.page, 'console-watch', untilNow(text));
    await ui.refusal('approve', '"anna: too late"', 'approve has no effect in phase watch');
    await ui.page.reload();
    await ui.send('Update', 'abort', '"kim: not tonight"');
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
    await ui.page.close();
  }, 90_000);

  it('may send a Signal instead', async () => {
    const before = await rig().configuration();
    const change = await watched('signal-me', '9MB');
    const ui = await open(change);
    await ui.send('Signal', 'abort', '"kim: not tonight"');
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
    await ui.page.close();
  }, 90_000);

  it('may press Request Cancellation, which is an abort', async () => {
    const before = await rig().configuration();
    const change = await watched('cancel-me', '10MB');
    const ui = await open(change);
    await ui.cancel();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'cancelled' });
    expect(await rig().configuration()).toEqual(before);
    await ui.page.close();
  }, 90_000);

  it('may even press Terminate: the agent reverts, and the store knows the end', async () => {
    const before = await rig().configuration();
    const change = await watched('terminate-me', '11MB');
    const ui = await open(change);
    await ui.terminate();
    const row = async () => (await rig().recorded('terminate-me')).row;
    await eventually('the store knows the end', async () => (await row())?.outcome === 'reverted', 60_000);
    expect(await rig().configuration()).toEqual(before);
    await ui.page.close();
  }, 120_000);

  it('finds changes by what they wait for', async () => {
    const change = await begin(workMem('find-me', '12MB'));
    await change.reaches('approve');
    const page = await browser.newPage({ viewport: { width: 1500, height: 700 } });
    const listed = async (name: string): Promise<string[]> => {
      const view = listViews(Date.now(), 'shop-db').find((one) => one.name === name)!;
      await page.goto(listAddress(temporal.uiAddress ?? '', 'default', view));
      await page
        .getByText(/\d+ Workflows?$/)
        .first()
        .waitFor();
      return page.getByRole('link', { name: /^knowngood:/ }).allInnerTexts();
    };
    // The list hears of a phase a moment later.
    const shows = (name: string, ids: readonly string[]): Promise<void> =>
      eventually(`${name} shows ${ids.join()}`, async () => (await listed(name)).sort().join() === ids.join(), 30_000);
    await shows(
      'reverted-this-week',
      ['abort-me', 'cancel-me', 'signal-me'].map((id) => `knowngood:shop-db:${id}`),
    );
    await shows('waiting', ['knowngood:shop-db:find-me']);
    await picture(page, 'console-list', 'knowngood:shop-db:find-me');
    await change.executeUpdate('reject', { args: ['kim: enough'] });
    await change.outcome();
    await page.close();
  }, 90_000);

  it('comes to the change by the link that the command line prints', async () => {
    const page = await browser.newPage({ viewport: { width: 1500, height: 700 } });
    await page.goto(uiLink(temporal.uiAddress ?? null, 'default', 'knowngood:shop-db:find-me') ?? '');
    await page.getByTestId('workflow-id-heading').filter({ visible: true }).first().waitFor();
    await page.waitForURL(/\/workflows\/[^/]+\/[0-9a-f-]{36}/);
    await page.close();
  }, 30_000);

  it('reads in the details of a reverted change who was denied, in the server’s own words', async () => {
    const hba = await rig().hbaWithoutDependent();
    const change = await begin({
      changeId: 'upgrade-17',
      reason: 'scheduled upgrade',
      change: { kind: 'config', files: { 'pg_hba.conf': hba } },
    });
    await change.reaches('approve');
    await approved(change);
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'check-failed' });
    const ui = await open(change);
    const text = await ui.details('It is over');
    expect(text).toContain('no pg_hba.conf entry');
    await picture(ui.page, 'console-reverted', untilNow(text));
    await ui.page.close();
  }, 90_000);
});

it('reads a summary in plain words at every activity, timer and child of what ran here', async () => {
  expect(await silentEvents(rig().client, 'KnowngoodTarget = "shop-db"')).toEqual([]);
});

it('reads in the dialog what each Update and Signal does, with an argument to copy', async () => {
  const handle = rig().client.workflow.getHandle('knowngood:shop-db:upgrade-17');
  const { definition } = await handle.query<{
    definition: Record<'updateDefinitions' | 'signalDefinitions', { name: string; description?: string }[]>;
  }>('__temporal_workflow_metadata');
  const all = [...definition.updateDefinitions, ...definition.signalDefinitions];
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['approve', 'abort', 'acknowledge', 'applied']));
  for (const { name, description = '' } of all) {
    const example = /for example (".*?"|\{.*?\})\.$/.exec(description)?.[1] ?? null;
    // What no person sends says who does.
    if (example === null) expect(`${name}: ${description}`).toMatch(/Sent by |Argument: nothing\.$/);
    else expect(() => JSON.parse(example) as unknown).not.toThrow();
  }
});
