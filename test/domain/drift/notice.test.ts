/** What people are told of a drift, when, and how honest its time is. */
import { describe, expect, it } from '@jest/globals';
import { connectedText, dependentsHit, dependentsOf, fitImpact } from '../../../domain/drift/affected.ts';
import { driftDetails, lookedDetails } from '../../../domain/drift/details.ts';
import { driftNotice, goneNotice, isHarmless } from '../../../domain/drift/notice.ts';
import { sinceText } from '../../../domain/drift/since.ts';
import { tellingOf } from '../../../domain/drift/telling.ts';
import { factsOf } from '../../../domain/notify/telling.ts';
import { aDrift, aLoss, aRemembered, anImpact, anItem, noon, theHba } from './builders.ts';

const dayMs = 24 * 3_600_000;
const by = { workflowId: 'knowngood-drift:shop-db-1', runId: 'run-1' };

describe('people are told', () => {
  for (const [name, bend, now, want] of [
    ['of what nobody knows yet', {}, noon, 'new'],
    ['of what took the place of what they know', { followsTold: true }, noon, 'changed'],
    ['nothing while they know it', { toldAt: noon, tellings: 1 }, noon + dayMs - 1, null],
    ['again after a day', { toldAt: noon, tellings: 1 }, noon + dayMs, 'still'],
    ['that it is gone', { toldAt: noon, tellings: 1, goneAt: noon }, noon, 'gone'],
    ['once that it is gone', { toldAt: noon, tellings: 1, goneAt: noon, goneToldAt: noon }, noon + dayMs, null],
    ['that what took the place of what they know is gone', { followsTold: true, goneAt: noon }, noon, 'gone'],
    ['nothing of what went before they knew of it', { goneAt: noon }, noon, null],
  ] as const)
    it(name, () => expect(tellingOf(aRemembered(bend), now)).toBe(want));
});

describe('the notice', () => {
  const lost = aDrift({ items: [theHba], access: anImpact({ lost: [aLoss()] }) });

  it('begins with whom it hits, and wakes people when that is now', () => {
    const notice = driftNotice(lost, aRemembered(), 'new', by);
    expect(notice).toMatchObject({
      kind: 'drift',
      severity: 'critical',
      headline: 'shop-db drifted from known-good: pg_hba.conf (in force); image-service loses access',
      dependents: ['image-service'],
      ...by,
    });
    expect(notice.facts[0]).toBe('image_svc to shop from 10.2.0.7 (image-service) loses access; no rule lets it in');
  });

  for (const [name, drift, severity] of [
    [
      'wakes nobody for what waits on the disk',
      { ...lost, items: [{ ...theHba, force: 'at-reload' as const }] },
      'warning',
    ],
    [
      'wakes nobody for a way in that no dependent uses',
      aDrift({ access: anImpact({ lost: [aLoss({ source: 'observed', who: ['seen once'] })] }) }),
      'warning',
    ],
    [
      'wakes nobody for what waits on the disk beside a harmless setting in force',
      { ...lost, items: [{ ...theHba, force: 'at-reload' as const }, anItem()] },
      'warning',
    ],
    [
      'wakes people for a privilege that is gone, whatever waits on the disk',
      aDrift({
        items: [
          { ...theHba, force: 'at-reload' as const },
          anItem({ key: 'object:shop:table:public.images', section: 'catalogs' }),
        ],
        access: anImpact({ lost: [aLoss({ need: 'select on public.images' })] }),
      }),
      'critical',
    ],
    ['wakes nobody for a setting', aDrift(), 'warning'],
  ] as const)
    it(name, () => expect(driftNotice(drift, aRemembered(), 'new', by).severity).toBe(severity));

  it('says of each dependent what is true of it', () => {
    const items = [
      { ...theHba, force: 'at-reload' as const },
      anItem({ key: 'object:shop:table:public.images', section: 'catalogs' }),
    ];
    const access = anImpact({
      lost: [aLoss(), aLoss({ who: ['reports'], need: 'select on public.images' })],
      unknown: [aLoss({ who: ['backup'], verdict: 'unknown' })],
    });
    expect(driftNotice(aDrift({ items, access }), aRemembered(), 'new', by).headline).toMatch(
      /; reports loses access; image-service would lose access; backup may lose access$/,
    );
  });

  it('has one key for one telling, and another one for each further one', () => {
    const keyOf = (...[remembered, telling]: [ReturnType<typeof aRemembered>, 'new' | 'changed' | 'still']): string =>
      driftNotice(lost, remembered, telling, by).key;
    const keys = [
      keyOf(aRemembered(), 'new'),
      keyOf(aRemembered({ tellings: 1 }), 'still'),
      keyOf(aRemembered({ tellings: 2 }), 'still'),
      keyOf(aRemembered({ id: '8' }), 'new'),
      goneNotice(aRemembered(), null, by).key,
    ];
    expect(keyOf(aRemembered(), 'new')).toBe(keys[0]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(255);
  });

  it('stays short, however much has drifted', () => {
    const items = Array.from({ length: 50 }, (_, at) => anItem({ key: `setting:${'x'.repeat(60)}${at}` }));
    const losses = Array.from({ length: 50 }, (_, at) => aLoss({ who: [`service-${at}-${'y'.repeat(50)}`] }));
    const drift = aDrift({ items, moreItems: 900, access: fitImpact(anImpact({ lost: losses })) });
    const notice = driftNotice(drift, aRemembered(), 'changed', by);
    expect(notice.headline.length).toBeLessThanOrEqual(200);
    expect(notice.facts.join('\n')).toMatch(/940 more items differ/);
    expect(JSON.stringify(drift).length).toBeLessThan(64 * 1024);
  });

  it('wakes every team, however many ways in are gone beside it', () => {
    const admins = Array.from({ length: 9 }, (_, at) =>
      aLoss({ user: 'dba', from: `10.0.0.${at}`, source: 'superuser', who: ['a superuser'] }),
    );
    const services = Array.from({ length: 12 }, (_, at) => aLoss({ user: `svc_${at}`, who: [`service-${at}`] }));
    const access = fitImpact(anImpact({ lost: [...admins, ...services] }));
    const notice = driftNotice(aDrift({ items: [theHba], access }), aRemembered(), 'new', by);
    expect(notice.severity).toBe('critical');
    expect(notice.dependents).toHaveLength(12);
  });

  it('says since when and who is connected where much has drifted, in what a message shows', () => {
    const drift = aDrift({
      items: [theHba, ...Array.from({ length: 12 }, (_, at) => anItem({ key: `role:r${at}`, section: 'roles' }))],
      access: anImpact({ lost: [aLoss(), aLoss({ user: 'cdn', who: ['cdn'] })] }),
      connected: [
        { user: 'image_svc', database: 'shop', address: '10.2.0.7', sessions: 3, dependents: ['image-service'] },
      ],
      dirty: [{ code: 'access-file-not-loaded', message: 'pg_hba.conf is not loaded' }],
      diff: ['--- /data/pg_hba.conf', '+++ /data/pg_hba.conf', ...Array.from({ length: 9 }, () => '-host x'), ''].join(
        '\n',
      ),
    });
    const notice = driftNotice(drift, aRemembered(), 'new', by);
    const shown = factsOf({ act: 'tell', notice, by: '', because: [], link: null }).join('\n');
    expect(shown).toContain('image_svc to shop from 10.2.0.7 (image-service) loses access');
    expect(shown).toContain('pg_hba.conf is not loaded');
    expect(shown).toContain('/data/pg_hba.conf: content');
    expect(shown).toContain('was last changed 2026-03-01 11:58:00 UTC');
    expect(shown).toContain('connected now: image_svc to shop from 10.2.0.7, 3 sessions');
  });

  it('names the change that was reverted and came back', () => {
    const again = { changeId: 'c-1', revertedAt: noon, items: ['setting:work_mem'] };
    expect(driftNotice(aDrift({ reappeared: [again] }), aRemembered(), 'new', by).facts).toContain(
      '1 item as change c-1 had left it, which was reverted 2026-03-01 12:00:00 UTC: something applies it again, mend its source',
    );
  });

  it('holds the lines that differ, as far as they are few', () => {
    const hba = ['--- /data/pg_hba.conf', '+++ /data/pg_hba.conf', '@@ -1,2 +1,2 @@', ' local all all trust'];
    const lines = ['-host shop image_svc 10.2.0.0/16 md5', '+host shop image_svc 10.9.0.0/16 md5'];
    const made = [
      '--- /dev/null',
      '+++ /data/conf.d/a.conf',
      '@@ -0,0 +1,9 @@',
      ...Array.from({ length: 9 }, () => '+x = 1'),
    ];
    const { facts } = driftNotice(
      aDrift({ diff: [...hba, ...lines, ...made, ''].join('\n') }),
      aRemembered(),
      'new',
      by,
    );
    expect(facts).toEqual(
      expect.arrayContaining([
        'pg_hba.conf: - host shop image_svc 10.2.0.0/16 md5',
        'pg_hba.conf: + host shop image_svc 10.9.0.0/16 md5',
        'a.conf: + x = 1',
        '3 more lines of files differ',
      ]),
    );
  });

  it('shows no value that may carry a secret: it goes to Slack, to a pager and by mail', () => {
    const command = `archive_command = 'curl -H "Authorization: Bearer sk_live_abc" https://x'`;
    const drift = aDrift({
      items: [anItem({ key: 'setting:archive_command', summary: command })],
      diff: ['--- /data/postgresql.conf', '+++ /data/postgresql.conf', '@@ -1 +1 @@', `-${command}`, ''].join('\n'),
    });
    const { headline, facts } = driftNotice(drift, aRemembered(), 'new', by);
    expect([headline, ...facts].join('\n')).not.toMatch(/sk_live_abc/);
    expect(facts).toEqual(
      expect.arrayContaining(['archive_command changed (in force)', 'postgresql.conf: - archive_command = …']),
    );
  });

  it('says how it went away', () => {
    const gone = aRemembered({ goneAt: noon + 90_000 });
    expect(goneNotice(gone, null, by)).toMatchObject({
      headline: 'shop-db does not drift any more: it is as its known-good snapshot again',
      facts: ['it was seen from 2026-03-01 12:00:00 UTC on, for 1 min 30 s'],
    });
    expect(goneNotice(gone, 'kim had it accepted as known-good', by).headline).toMatch(/kim had it accepted/);
  });
});

describe('people need not be called about a drift', () => {
  for (const [name, bend, want] of [
    ['that takes access from nobody, all of it in force', {}, true],
    ['but about one that does', { access: anImpact({ lost: [aLoss()] }) }, false],
    ['but about one that may', { access: anImpact({ unknown: [aLoss({ verdict: 'unknown' })] }) }, false],
    ['but about one of which that cannot be told', { access: null }, false],
    ['but about one that hides what is in force', { items: [{ ...theHba, force: 'at-reload' as const }] }, false],
    ['but about one that is not shown to its end', { moreItems: 1 }, false],
  ] as const)
    it(name, () => expect(isHarmless(aDrift(bend))).toBe(want));
});

describe('since when', () => {
  const between = 'between 2026-03-01 11:55:00 UTC, when it was last seen otherwise, and 2026-03-01 12:00:00 UTC';
  const seen = { notBefore: noon - 300_000, firstSeen: noon };
  const role = anItem({ key: 'role:x', section: 'roles' });
  for (const [name, items, when, want] of [
    [
      'is a file’s own time',
      [theHba],
      seen,
      [
        '/data/pg_hba.conf was last changed 2026-03-01 11:58:00 UTC, the server last loaded its configuration 2026-03-01 11:59:00 UTC',
      ],
    ],
    [
      'does not speak of a load that has not been',
      [{ ...theHba, force: 'at-reload' }],
      seen,
      ['/data/pg_hba.conf was last changed 2026-03-01 11:58:00 UTC'],
    ],
    [
      'is not told again for the settings out of it',
      [theHba, anItem()],
      seen,
      [expect.stringContaining('was last changed')],
    ],
    ['is between two looks where nobody keeps a time', [role], seen, [`since ${between}`]],
    [
      'is both where there are both',
      [theHba, role],
      seen,
      [expect.stringContaining('was last changed'), `the rest: ${between}`],
    ],
    [
      'is not claimed where nobody looked before',
      [role],
      { ...seen, notBefore: null },
      ['first seen 2026-03-01 12:00:00 UTC; nobody looked before'],
    ],
    [
      'is of each item its own',
      [role, anItem({ key: 'role:y', section: 'roles' })],
      { ...seen, items: { 'role:x': { notBefore: null, firstSeen: noon - dayMs } } },
      ['role x: first seen 2026-02-28 12:00:00 UTC; nobody looked before', `role y: ${between}`],
    ],
  ] as const)
    it(name, () => expect(sinceText(when, aDrift({ items: [...items] }))).toEqual(want));
});

describe('whom it hits', () => {
  it('are the dependents that lose access or may, each once', () => {
    const access = anImpact({
      lost: [aLoss(), aLoss({ source: 'check' })],
      unknown: [aLoss({ verdict: 'unknown', who: ['cdn'] }), aLoss({ source: 'superuser', who: ['a superuser'] })],
    });
    expect(dependentsHit({ access })).toEqual(['cdn', 'image-service']);
    expect(dependentsHit({ access: null })).toEqual([]);
  });

  for (const [name, from, address, want] of [
    ['the declared address', '10.2.0.7', '10.2.0.7', true],
    ['another address', '10.2.0.7', '10.2.0.8', false],
    ['a network', '10.2.0.0/16', '10.9.0.1', true],
    ['the socket', 'local', null, true],
    ['the network, where the socket is declared', 'local', '10.2.0.7', false],
    ['wherever it comes from, where nothing is declared', null, null, true],
  ] as const)
    it(`a session belongs to a dependent by its role and database: ${name}`, () => {
      const session = { user: 'image_svc', database: 'shop', address, sessions: 1 };
      expect(dependentsOf(session, [aLoss({ from })])).toEqual(want ? ['image-service'] : []);
    });

  it('are said with where they come from', () => {
    const one = {
      user: 'image_svc',
      database: 'shop',
      address: '10.2.0.7',
      sessions: 3,
      dependents: ['image-service'],
    };
    expect(connectedText(one)).toBe('image_svc to shop from 10.2.0.7, 3 sessions (image-service)');
    expect(connectedText({ ...one, address: null, sessions: 1, dependents: [] })).toBe(
      'image_svc to shop from the socket, 1 session',
    );
  });
});

describe('the details', () => {
  it('say what drifted, since when, whom it hits and what to type, and escape what came from outside', () => {
    const drift = aDrift({
      items: [{ ...theHba, summary: '<b>`x`' }],
      access: anImpact({ lost: [aLoss({ because: ['<script> is *gone*'] })] }),
      diff: '--- a\n+++ b\n-host shop image_svc\n```\n',
    });
    const text = driftDetails('shop-db', drift, aRemembered());
    expect(text).toContain('`knowngood drift revert shop-db`');
    expect(text).toContain('`knowngood drift accept shop-db --reason "…"`');
    expect(text).toContain('/namespaces/{namespace}/schedules/knowngood-drift:shop-db');
    expect(text).toContain('\\<script\\> is \\*gone\\*');
    expect(text).toMatch(/````diff\n[^]*\n````/);
    expect(text.length).toBeLessThan(20_000);
  });

  it('say why nobody looked', () => {
    expect(lookedDetails('shop-db', 'no agent answers', [{ code: 'x', message: 'start *it*' }])).toContain(
      'start \\*it\\*',
    );
  });
});

it('is an answer that Temporal takes, however many lose access for however many reasons', () => {
  const loss = aLoss({
    who: Array.from({ length: 40 }, (_, n) => `${'d'.repeat(60)}${n}`),
    because: Array.from({ length: 9 }, () => 'because '.repeat(100)),
  });
  const all = Array.from({ length: 100 }, () => loss);
  const fitted = fitImpact(anImpact({ lost: all, unknown: all, gained: all }));
  expect(JSON.stringify(fitted).length).toBeLessThan(36 * 1024);
  expect(fitted.more).toBe(3 * 92);
});
