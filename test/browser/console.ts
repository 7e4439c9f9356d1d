/** The Temporal Web UI as an operator uses it: a page of one change, its dialogs, its details. */
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Locator, type Page } from 'playwright-core';

/** As root, and without a network beyond this machine. */
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];

export async function startBrowser(): Promise<Browser> {
  return playwright.launch({ executablePath: await chromium.executablePath(), args: quiet, headless: true });
}

export type Message = 'Update' | 'Signal';

export interface Console {
  readonly page: Page;
  /** Chooses the name, types the argument and submits. */
  send(kind: Message, name: string, argument?: string): Promise<void>;
  /** An Update whose name the dialog does not know. */
  type(name: string, argument: string): Promise<void>;
  /** The same, until the dialog shows these words of the refusal. */
  refusal(name: string, argument: string, words: string): Promise<void>;
  /** The other menu entries, with what their dialog asks for. */
  cancel(): Promise<void>;
  terminate(): Promise<void>;
  /** The current details as text, once they hold `words`. */
  details(words: string): Promise<string>;
  /** The page's text, frames included. */
  everything(): Promise<string>;
}

/** `prepare`: before the page is opened. */
export async function openConsole(
  browser: Browser,
  uiAddress: string,
  of: { workflowId: string; runId: string },
  prepare: (page: Page) => Promise<unknown> = async () => {},
) {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1100 } });
  await prepare(page);
  const path = `/namespaces/default/workflows/${encodeURIComponent(of.workflowId)}/${of.runId}/user-metadata`;
  await page.goto(`${uiAddress}${path}`);
  await page.getByTestId('workflow-id-heading').filter({ visible: true }).first().waitFor();
  return consoleOn(page);
}

function consoleOn(page: Page): Console {
  const menu = async (item: string): Promise<void> => {
    await page.getByRole('button', { name: 'More Actions' }).filter({ visible: true }).first().click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  const fill = async (kind: Message, name: string, argument?: string, typed = false): Promise<Locator> => {
    const word = kind.toLowerCase();
    await menu(`Send ${kind === 'Update' ? 'an Update' : 'a Signal'}`);
    const dialog = page.getByTestId(`${word}-confirmation-modal`).filter({ visible: true });
    if (typed) await dialog.locator(`#${word}-name`).fill(name);
    else {
      await dialog.getByTestId(`${word}-select-button`).click();
      await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
    }
    if (argument !== undefined) {
      const editor = dialog.locator('.cm-content').first();
      await editor.click();
      await editor.fill(argument);
      // The editor formats an object when it is left, and moves the button under the first click.
      await page.keyboard.press('Tab');
    }
    await dialog.getByRole('button', { name: 'Submit' }).click();
    return dialog;
  };
  return {
    page,
    send: async (kind, name, argument) => void (await fill(kind, name, argument)),
    type: async (name, argument) => void (await fill('Update', name, argument, true)),
    async refusal(name, argument, words) {
      const dialog = await fill('Update', name, argument);
      await dialog.getByText(words).filter({ visible: true }).first().waitFor({ timeout: 15_000 });
    },
    async cancel() {
      await page.getByRole('button', { name: 'Request Cancellation' }).filter({ visible: true }).first().click();
      const dialog = page.getByTestId('cancel-confirmation-modal').filter({ visible: true });
      await dialog.getByTestId('confirm-modal-button').click();
    },
    async terminate() {
      await menu('Terminate');
      const dialog = page.getByTestId('terminate-confirmation-modal').filter({ visible: true });
      await dialog.getByTestId('confirm-modal-button').click();
    },
    everything: async () => [await page.locator('body').innerText(), ...(await texts(page))].join('\n'),
    async details(words) {
      const deadline = Date.now() + 20_000;
      let seen = '';
      while (Date.now() < deadline) {
        await page.getByTestId('user-metadata-tab').filter({ visible: true }).first().click();
        seen = (await texts(page)).find((text) => text.includes(words)) ?? seen;
        if (seen !== '') return seen;
        await page.waitForTimeout(300);
        await page.keyboard.press('r');
      }
      throw new Error(`no details with "${words}"; seen: ${(await texts(page)).join('\n---\n')}`);
    },
  };
}

/** Rendered Markdown stands in frames of its own. */
async function texts(page: Page): Promise<string[]> {
  const frames = page.frames().filter((frame) => frame.url().includes('/render?content='));
  return Promise.all(
    frames.map((frame) =>
      frame
        .locator('body')
        .innerText()
        .catch(() => ''),
    ),
  );
}
