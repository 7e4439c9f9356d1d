/** A person in front of the Temporal Web UI: approves, aborts and reads, in a real browser. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { startTemporal, type TemporalStack } from '../../worker/stack/temporal-server.ts';
import { useRig, type Handle } from '../support/rig.ts';

/** As root, and without a network beyond this machine. */
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];

let temporal: TemporalStack;
let browser: Browser;

beforeAll(async () => {
  temporal = await startTemporal({ ui: true });
  const executablePath = await chromium.executablePath();
  browser = await playwright.launch({ executablePath, args: quiet, headless: true });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await temporal?.stop();
});

// Registered after the above: Temporal is there before the rig needs it, and goes after it.
const rig = useRig({ policy: 'approvals: { low: 1, high: 1, expire: 60s }', temporal: async () => temporal.address });

describe('an operator in the Temporal Web UI', () => {
  it('reads what will change, approves it with one string, and sees it kept', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '6MB' } } });
    await change.reaches('approve');
    const page = await open(change);
    expect(await details(page)).toContain('work_mem');
    await send(page, 'Update', 'approve', '"kim: seen the diff"');
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    await page.close();
  }, 90_000);

  it('is told in the dialog why an Update has no effect', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '7MB' } } });
    await change.reaches('approve');
    const page = await open(change);
    await choose(page, 'Update', 'confirm');
    const dialog = page.getByTestId('update-confirmation-modal').filter({ visible: true });
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('confirm has no effect in phase approve').first().waitFor();
    await change.executeUpdate('reject', { args: ['kim: enough'] });
    await change.outcome();
    await page.close();
  }, 90_000);

  it('aborts a running change with a Signal, and it is reverted', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '120s' },
    });
    await change.reaches('approve');
    await change.executeUpdate('approve', { args: ['kim: seen'] });
    await change.reaches('watch');
    const page = await open(change);
    expect(await details(page)).toContain('watch');
    await send(page, 'Signal', 'abort', '"kim: not tonight"');
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
    await page.close();
  }, 90_000);
});

async function open(change: Handle): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const { workflowId } = change;
  const runId = (await change.describe()).runId;
  const path = `/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
  await page.goto(`${temporal.uiAddress}${path}`);
  await page.getByTestId('workflow-id-heading').filter({ visible: true }).first().waitFor();
  return page;
}

async function choose(page: Page, kind: 'Update' | 'Signal', name: string): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).filter({ visible: true }).first().click();
  await page.getByRole('menuitem', { name: `Send ${kind === 'Update' ? 'an Update' : 'a Signal'}` }).click();
  const dialog = page.getByTestId(`${kind.toLowerCase()}-confirmation-modal`).filter({ visible: true });
  await dialog.getByTestId(`${kind.toLowerCase()}-select-button`).click();
  await page.getByRole('option', { name }).first().click();
}

async function send(page: Page, kind: 'Update' | 'Signal', name: string, argument: string): Promise<void> {
  await choose(page, kind, name);
  const dialog = page.getByTestId(`${kind.toLowerCase()}-confirmation-modal`).filter({ visible: true });
  const editor = dialog.locator('.cm-content').first();
  await editor.click();
  await editor.fill(argument);
  await page.keyboard.press('Tab');
  await dialog.getByRole('button', { name: 'Submit' }).click();
}

/** The current details are Markdown in a frame of their own on the User Metadata tab. */
async function details(page: Page): Promise<string> {
  await page.getByTestId('user-metadata-tab').filter({ visible: true }).first().click();
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    for (const frame of page.frames().filter((each) => each.url().includes('/render?content='))) {
      const text = await frame
        .locator('body')
        .innerText()
        .catch(() => '');
      if (text.includes('Now')) return text;
    }
    await page.waitForTimeout(200);
  }
  return '';
}
