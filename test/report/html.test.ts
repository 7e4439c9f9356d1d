/** The page: complete in itself, safe with any words, readable without eyes for colour. */
import { describe, expect, it } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { buildReport } from '../../report/build.ts';
import { escapeHtml } from '../../domain/html.ts';
import { markup } from '../../report/markup.ts';
import { anOutage } from './outage.ts';

const outage = anOutage({ compareWith: 'april-12' });
const page = buildReport(outage).html;

describe('the page', () => {
  it('needs nothing from anywhere: no resource, no script', () => {
    expect(page).not.toMatch(/<(script|link|iframe|img|object|embed|base)\b/i);
    expect(page).not.toMatch(/(src|href|xlink:href|action|data)\s*=/i);
    expect(page).not.toMatch(/@import|url\(/i);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('has the headings of a write-up, in their order', () => {
    expect([...page.matchAll(/<h2 id="[^"]+">([^<]+)/g)].map(([, heading]) => heading)).toEqual([
      'Summary',
      'Impact',
      'Timeline',
      'Root cause',
      'Resolution',
      'Follow-ups',
    ]);
  });

  it('names and describes every picture for those who do not see it', () => {
    const pictures = page.match(/<svg[^>]*>/g) ?? [];
    expect(pictures.length).toBeGreaterThan(5);
    for (const picture of pictures) {
      if (picture.includes('aria-hidden')) continue;
      expect(picture).toContain('role="img"');
      for (const id of (/aria-labelledby="([^"]+)"/.exec(picture)?.[1] ?? '-').split(' '))
        expect(page).toContain(`id="${id}"`);
    }
    expect(page).toContain('image-service/login: 4 failures in 7 measurements while the change was in force');
  });

  it('uses no id twice', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('closes what it opens', () => {
    const open: string[] = [];
    for (const [, end, name = '', rest = ''] of page.matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/g)) {
      if (['meta', 'br'].includes(name) || rest.endsWith('/')) continue;
      if (end === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  it('follows the reader’s colours and paper', () => {
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('@media print');
    expect(page).toContain('width=device-width');
  });
});

it('lets no outside word become markup, wherever it stands', () => {
  const evil = `</td></svg></style><script>alert("1")</script><img src=x onerror='alert(1)'>`;
  const { change, result, details, plan, samples } = outage;
  const hostile = buildReport({
    ...outage,
    workflowId: evil,
    runId: evil,
    change: {
      ...change,
      requestedBy: evil,
      reason: evil,
      what: evil,
      notes: [evil],
      checks: change.checks.map((check) => ({ ...check, name: `${check.name}${evil}`, dependent: evil, team: evil })),
    },
    result: {
      ...result,
      target: evil,
      changeId: evil,
      summary: evil,
      conflicts: [evil],
      problems: [{ code: evil, message: evil, detail: evil, hint: evil }],
      timeline: [
        { at: 0, phase: 'watch', text: evil },
        { at: 1, phase: 'watch', text: `abort by ${evil}: ${evil}` },
      ],
      attribution: [{ checks: [evil], sentences: [evil], items: [evil] }],
      snapshots: { before: evil, change: evil, after: evil },
    },
    plan: plan && {
      ...plan,
      diff: `+${evil}`,
      warnings: [evil],
      items: plan.items.map((item) => ({ ...item, summary: evil })),
    },
    details: {
      ...details,
      proof: [evil],
      approvals: [{ who: evil, claim: evil, why: evil, at: 0 }],
      log: { lines: [{ time: evil, level: evil, text: evil, times: 2 }], more: 1, unread: '' },
      reverted: details.reverted.map((item) => ({ ...item, summary: evil, note: evil })),
    },
    samples: samples.map((sample) => ({ ...sample, check: `${sample.check}${evil}`, message: evil, code: evil })),
  }).html;
  expect(hostile).not.toMatch(/<script|<img/);
  const { document } = parseHTML(hostile);
  const all = [...document.querySelectorAll('*')];
  expect(all.filter(({ localName }) => ['script', 'img', 'iframe', 'a', 'link'].includes(localName))).toEqual([]);
  expect(all.flatMap(({ attributes }) => [...attributes].map(({ name }) => name)).filter(isHandler)).toEqual([]);
  expect(hostile.match(/<\/style>/g)).toHaveLength(1);
  expect(hostile).toContain('&lt;script&gt;');
});

const isHandler = (name: string): boolean => name.startsWith('on');

it('lets no word lie about its direction, and no word fill the page', () => {
  const reversed = 'safe\u202egnp.exe\u2066';
  const evil = (text: string): string => `${text}${reversed}${'x'.repeat(10_000_000)}`;
  const { change, result, details } = outage;
  const [check] = change.checks;
  const failure = outage.samples.find(({ mark }) => mark === 'fail');
  if (check === undefined || failure === undefined) throw new Error('the outage has both');
  const page = buildReport({
    ...outage,
    change: { ...change, checks: [{ ...check, name: evil(check.name) }] },
    result: { ...result, attribution: [{ checks: [reversed], sentences: [reversed], items: [reversed] }] },
    details: { ...details, log: { lines: [], more: 0, unread: reversed } },
    samples: [{ ...failure, check: evil(failure.check), message: evil('m'), code: evil('c') }],
  }).html;
  expect(page).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  expect(page.length).toBeLessThan(300_000);
}, 60_000);

describe('a report of little', () => {
  it('without checks, samples and plan is a page all the same', () => {
    const bare = buildReport({ ...outage, samples: [], plan: null, change: { ...outage.change, checks: [] } });
    expect(bare.html).toContain('</html>');
    expect(bare.html).not.toContain('NaN');
  });

  it('with a single measurement draws no NaN', () => {
    const one = buildReport({ ...outage, samples: outage.samples.slice(0, 1) });
    expect(one.html).not.toMatch(/NaN|Infinity/);
  });

  it('with samples of no time at all draws no NaN', () => {
    const samples = outage.samples.map((sample) => ({ ...sample, latencyMs: 0 }));
    expect(buildReport({ ...outage, samples }).html).not.toMatch(/NaN|Infinity/);
  });
});

it('the three faces are of one report, and the same input gives the same bytes', () => {
  const report = buildReport(outage);
  expect(report.id).toBe('shop-db:upgrade-17');
  expect(JSON.parse(JSON.stringify(report.json))).toEqual(report.json);
  expect(report.json).toMatchObject({ schema: 'knowngood.report/1', outcome: 'reverted' });
  expect(buildReport({ ...outage, samples: [...outage.samples].reverse() })).toEqual(report);
});

it('markup escapes what is put in, and misleading characters', () => {
  expect(markup`<p title="${'"'}">${['<', markup`<b>`, null, 3]}</p>`.text).toBe('<p title="&quot;">&lt;<b>3</p>');
  expect(escapeHtml('a\u202eb\u0000\tc\n')).toBe('a\ufffdb\ufffd\tc\n');
});
