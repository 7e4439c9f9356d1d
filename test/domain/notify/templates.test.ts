/** Every event in every channel's words; and text from outside that would be markup, a mention or a header. */
import { describe, expect, it } from '@jest/globals';
import { cloudEventOf } from '../../../domain/notify/cloud-event.ts';
import { mailOf } from '../../../domain/notify/mail.ts';
import { matterOf, noticeKinds } from '../../../domain/notify/notice.ts';
import { pagerDutyEvents } from '../../../domain/notify/pagerduty.ts';
import { escapeMrkdwn, slackMessage } from '../../../domain/notify/slack.ts';
import { aNotice, aTelling } from './builders.ts';

const hostile = 'a\r\nBcc: all@shop.example\n<!channel> <@U1> <https://evil.example|click> *b* _i_ `c` & "q" \u202e';

describe('Slack', () => {
  it('says the event, the sentence, the facts, what one can do and where to look', () => {
    const message = slackMessage(aTelling({}, { actions: ['abort with "name: reason"'] }));
    expect(message).toMatchInlineSnapshot(`
     {
       "blocks": [
         {
           "text": {
             "emoji": false,
             "text": "Reverting · shop-db",
             "type": "plain_text",
           },
           "type": "header",
         },
         {
           "text": {
             "text": "*Reverting change c-1 of shop-db: image-service/login failed 2 times.*",
             "type": "mrkdwn",
             "verbatim": true,
           },
           "type": "section",
         },
         {
           "text": {
             "text": "• image_svc lost access",
             "type": "mrkdwn",
             "verbatim": true,
           },
           "type": "section",
         },
         {
           "text": {
             "text": "→ abort with "name: reason"",
             "type": "mrkdwn",
             "verbatim": true,
           },
           "type": "section",
         },
         {
           "elements": [
             {
               "text": "warning · change c-1 · 2024-04-12 10:15:00 UTC · <https://ui.shop.example/namespaces/default/workflows/knowngood:shop-db:c-1|Temporal Web UI>",
               "type": "mrkdwn",
               "verbatim": true,
             },
           ],
           "type": "context",
         },
       ],
       "text": "Reverting · shop-db: Reverting change c-1 of shop-db: image-service/login failed 2 times.",
       "unfurl_links": false,
     }
    `);
  });

  it('lets no text from outside ring, link or format', () => {
    const { text, blocks } = slackMessage(
      aTelling({ because: [hostile] }, { headline: hostile, facts: [hostile], actions: [hostile], target: hostile }),
    );
    const all = JSON.stringify([text, ...blocks.filter(({ type }) => type !== 'header')]);
    // The one link is ours.
    expect(all.match(/<[^>]*>/g)).toEqual([
      '<https://ui.shop.example/namespaces/default/workflows/knowngood:shop-db:c-1|Temporal Web UI>',
    ]);
    expect(all).toContain('&lt;!channel&gt;');
    expect(all).not.toMatch(/[\r\n\u202e]/);
  });

  it('leaves names of roles as they can be copied', () => {
    expect(escapeMrkdwn('image_svc lost_access')).toBe('image_svc lost_access');
    expect(escapeMrkdwn('*bold*')).not.toMatch(/^\*bold\*$/);
  });

  it('keeps to the limits of its blocks', () => {
    const facts = Array.from({ length: 60 }, () => '&'.repeat(1_000));
    const { blocks } = slackMessage(aTelling({}, { target: 't'.repeat(300), facts }));
    for (const block of blocks) {
      if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
      if (block.type === 'section') expect(block.text.text.length).toBeLessThanOrEqual(3_000);
    }
  });
});

describe('a mail', () => {
  it('has a subject of one line, whatever the notice says', () => {
    const mail = mailOf(aTelling({}, { headline: hostile }), 'database/email', 'shop.example');
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.html).not.toContain('<!channel>');
    expect(mail.html).not.toContain('\u202e');
    expect(mail.html).not.toMatch(/<(?!\/?(html|meta|body|h1|p|strong|ul|li|a)\b|!doctype)/);
  });

  it('has the same id for each repeat and each channel its own', () => {
    const one = mailOf(aTelling(), 'database/email', 'shop.example');
    expect(one.messageId).toBe('<shop-db.c-1.reverting.1.database.email@shop.example>');
    expect(mailOf(aTelling(), 'database/email', 'shop.example').messageId).toBe(one.messageId);
    expect(mailOf(aTelling({ act: 'over' }), 'database/email', 'shop.example').messageId).not.toBe(one.messageId);
    expect(one.references).toBe('<knowngood.shop-db.c-1@shop.example>');
  });
});

it('lets no bidirectional override into the HTML of a mail, not even by the link', () => {
  const { html } = mailOf(aTelling({ link: 'https://ui.example/\u202ex' }), 'database/email', 'shop.example');
  expect(html).not.toContain('\u202e');
});

describe('PagerDuty', () => {
  it('keeps one incident a change, and one of its own for what is critical', () => {
    expect(matterOf(aNotice())).toBe(matterOf(aNotice({ kind: 'failing', key: 'shop-db:c-1:failing:1' })));
    expect(matterOf(aNotice({ severity: 'critical' }))).not.toBe(matterOf(aNotice()));
    expect(matterOf(aNotice({ changeId: null, kind: 'drift' }))).toBe('knowngood:shop-db:drift');
  });

  for (const [name, telling, want] of [
    ['triggers', aTelling(), ['trigger']],
    ['acknowledges', aTelling({ act: 'acknowledged', by: 'kim' }), ['acknowledge']],
    ['resolves what is over', aTelling({ act: 'over' }), ['resolve']],
    ['resolves by the notice that ends the matter', aTelling({}, { kind: 'reverted', ends: true }), ['resolve']],
    [
      'triggers by a revert that nobody has heard of before',
      aTelling({}, { kind: 'reverted', ends: false }),
      ['trigger'],
    ],
    ['resolves a change that is kept after all', aTelling({}, { kind: 'kept' }), ['resolve']],
    ['resolves drift that is gone', aTelling({}, { kind: 'drift-gone', changeId: null }), ['resolve']],
    ['leaves no test behind', aTelling({}, { kind: 'test' }), ['trigger', 'resolve']],
  ] as const) {
    it(name, () => expect(pagerDutyEvents(telling).map(({ event_action }) => event_action)).toEqual(want));
  }

  it('keeps to its limits', () => {
    const [event] = pagerDutyEvents(aTelling({}, { headline: 'x'.repeat(5_000), target: 't'.repeat(3_000) }));
    expect(event?.payload?.summary.length).toBeLessThanOrEqual(1_024);
    expect(event?.dedup_key.length).toBeLessThanOrEqual(255);
  });
});

describe('a CloudEvent', () => {
  it('is of a type of its own for each event, and has the key of the notice as its id', () => {
    const types = noticeKinds.map((kind) => cloudEventOf(aTelling({}, { kind })).type);
    expect(new Set(types).size).toBe(noticeKinds.length);
    expect(cloudEventOf(aTelling())).toMatchObject({
      id: 'shop-db:c-1:reverting:1',
      type: 'com.knowngood.change.reverting',
      source: 'urn:knowngood:target:shop-db',
      subject: 'c-1',
      time: '2024-04-12T10:15:00.000Z',
    });
    expect(cloudEventOf(aTelling({}, { kind: 'drift', changeId: null })).type).toBe('com.knowngood.target.drift');
    expect(cloudEventOf(aTelling({ act: 'acknowledged', by: 'kim' }))).toMatchObject({
      id: 'shop-db:c-1:reverting:1:acknowledged',
      type: 'com.knowngood.notice.acknowledged',
      data: { acknowledged: 'kim' },
    });
  });
});
