/**
 * The report as a reader has it: in a real browser, light and dark, on a phone and on paper. Run with KNOWNGOOD_UPDATE=1 to
 * take the screenshots of the documentation anew.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { buildReport } from '../../report/build.ts';
import { aTalkingOutage } from '../report/outage.ts';
import { startBrowser } from './console.ts';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const { html } = buildReport(aTalkingOutage());
const folder = mkdtempSync(join(tmpdir(), 'knowngood-page-'));

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const wide = { width: 1100, height: 1000 };
const phone = { width: 390, height: 844 };
const readers: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { viewport: wide, colorScheme: 'light' }],
  ['dark', { viewport: wide, colorScheme: 'dark' }],
  ['phone', { viewport: phone, colorScheme: 'light', hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
  ['phone-dark', { viewport: phone, colorScheme: 'dark', hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
];

describe.each(readers)('read on %s', (name, options) => {
  it('asks nobody for anything, says nothing to the console, and shows every picture', async () => {
    const { page, requests, said } = await opened(options);
    expect(requests).toEqual([]);
    expect(said).toEqual([]);
    const pictures = await page.locator('svg[role=img]:visible').all();
    // A lane of all checks, one a check, two bars of the comparison.
    expect(pictures).toHaveLength(6);
    for (const picture of pictures) {
      const box = await picture.boundingBox();
      expect(box?.width).toBeGreaterThan(250);
      expect(box?.height).toBeGreaterThan(20);
    }
    await page.context().close();
  });

  it('is legible: no word smaller than 10 px, nothing beside the page, every mark in its colour', async () => {
    const { page } = await opened(options);
    const smallest = await page.evaluate(smallestText);
    expect(smallest).toBeGreaterThanOrEqual(10);
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    const unpainted = await page.evaluate(`[...document.querySelectorAll('svg [stroke^="var"], svg [fill^="var"]')]
      .filter((mark) => ['stroke', 'fill'].some((paint) => mark.getAttribute(paint)?.startsWith('var')
        && getComputedStyle(mark)[paint] === 'none')).length`);
    expect(unpainted).toBe(0);
    await page.context().close();
  });

  it('gives assistive technology nothing to stumble over', async () => {
    const { page } = await opened(options, { asWritten: false });
    await page.addScriptTag({ content: axe.source });
    const { violations, passes } = await page.evaluate<Found>(asked);
    expect(violations).toEqual([]);
    expect(passes).toBeGreaterThan(20);
    await page.context().close();
  }, 60_000);

  it('has its screenshot in the documentation, of this page and not of an earlier one', async () => {
    const path = join(images, `report-${name}.png`);
    if (process.env['KNOWNGOOD_UPDATE'] === '1') {
      const { page } = await opened(options);
      await mkdir(images, { recursive: true });
      await page.screenshot({ path, scale: 'css' });
      if (name === 'light') await page.locator('figure').screenshot({ path: join(images, 'report-timeline.png') });
      await page.context().close();
      await writeFile(join(images, 'report.sha256'), `${pictured()}\n`);
    }
    expect((await stat(path)).size).toBeLessThan(150_000);
    // Pixels differ with fonts; what they were taken of does not.
    expect((await readFile(join(images, 'report.sha256'), 'utf8')).trim()).toBe(pictured());
  });
});

describe('elsewhere', () => {
  it('would be found to be hard to read if it were', async () => {
    const { page } = await opened({ viewport: wide }, { asWritten: false });
    await page.addScriptTag({ content: axe.source });
    await page.addStyleTag({ content: ':root { --soft: #ddd !important }' });
    await page.evaluate(`document.querySelector('svg[role=img]').removeAttribute('aria-labelledby');
      document.querySelector('svg[role=img] title').remove()`);
    const { violations } = await page.evaluate<Found>(asked);
    expect(new Set(violations.map(([rule]) => rule))).toEqual(new Set(['color-contrast', 'svg-img-alt']));
    await page.context().close();
  }, 60_000);

  it('is read from its own words when nothing can be seen: headings in order, pictures named', async () => {
    const { page } = await opened({ viewport: wide });
    const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
    expect(headings).toEqual(['Summary', 'Impact', 'Timeline', 'Root cause', 'Resolution', 'Follow-ups']);
    await page.getByRole('img', { name: 'Latency of image-service/login over time' }).waitFor();
    for (const word of ['applied', 'first failure', 'decided', 'revert began', 'restored'])
      await page.getByRole('listitem').filter({ hasText: word }).first().waitFor();
    await page.context().close();
  });

  it('goes onto paper in black on white, pictures whole', async () => {
    const { page } = await opened({ viewport: wide, colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(0, 0, 0)');
    const paper = await page.pdf({ format: 'A4', printBackground: true });
    const pages = paper.toString('latin1').match(/\/Type \/Page\b/g) ?? [];
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.length).toBeLessThan(10);
    await page.context().close();
  });

  it('can be gone through with the keyboard alone', async () => {
    const { page } = await opened({ viewport: phone });
    await page.keyboard.press('Tab');
    const focused = await page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(focused).not.toBeNull();
    await page.context().close();
  });
});

interface Found {
  /** Rule, and each place where it is broken. */
  readonly violations: readonly (readonly string[])[];
  readonly passes: number;
}

/** Every rule of WCAG 2.2 A and AA that a machine can check, and what is held to be good practice. */
const asked = `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  .then(({ violations, passes }) => ({ passes: passes.length, violations: violations.map(({ id, nodes }) =>
    [id, ...nodes.map(({ html, failureSummary }) => html.slice(0, 200) + failureSummary)]) }))`;

/** What a screenshot shows. */
const pictured = (): string => createHash('sha256').update(html).digest('hex');

const smallestText = `Math.min(...[...document.querySelectorAll('body *')]
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
  .filter((one) => one.getClientRects().length > 0 && !['title', 'desc'].includes(one.localName))
  .map((one) => {
    const svg = one.closest('svg');
    const scale = svg === null ? 1 : svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return scale * parseFloat(getComputedStyle(one).fontSize);
  }))`;

/** `asWritten`: its own policy holds, by which nothing at all may run in it; else a test may look at it from within. */
async function opened(
  options: BrowserContextOptions,
  { asWritten = true }: { readonly asWritten?: boolean } = {},
): Promise<{ readonly page: Page; readonly requests: readonly string[]; readonly said: readonly string[] }> {
  const context = await browser.newContext({ ...options, bypassCSP: !asWritten });
  const page = await context.newPage();
  const requests: string[] = [];
  const said: string[] = [];
  const path = join(folder, 'report.html');
  writeFileSync(path, html);
  const address = pathToFileURL(path).href;
  page.on('request', (request) => request.url() !== address && requests.push(request.url()));
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(address, { waitUntil: 'networkidle' });
  return { page, requests, said };
}
