/** Each kind of channel against a real server that answers well, badly, late, elsewhere, or not at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChannelConfig, SmtpConfig } from '../../domain/notify/config.ts';
import type { Telling } from '../../domain/notify/telling.ts';
import type { Answer } from '../../notify/answer.ts';
import { openEgress } from '../../notify/egress.ts';
import { send } from '../../notify/send.ts';
import { acknowledgedThere } from '../../notify/pagerduty.ts';
import { aNotice, aTelling } from '../domain/notify/builders.ts';
import { type HttpReceiver, type MailReceiver, startHttpReceiver, startMailReceiver } from '../support/receivers.ts';
import { freePort } from '../support/rig.ts';

let http: HttpReceiver;
let mail: MailReceiver;
const secrets: Readonly<Record<string, string>> = { '${env:KEY}': 'key-of-pagerduty', '${env:TOKEN}': 'token-of-rest' };

beforeAll(async () => {
  http = await startHttpReceiver();
  mail = await startMailReceiver();
});
beforeEach(() => {
  http.received.length = 0;
  mail.mails.length = 0;
  http.script(() => ({}));
  mail.refuse(null);
});
afterAll(async () => {
  await http.stop();
  await mail.stop();
});

const common = { events: null, severity: 'info' } as const;
const smtp = (bent: Partial<SmtpConfig> = {}): SmtpConfig => ({
  host: '127.0.0.1',
  port: mail.port,
  tls: 'none',
  user: null,
  password: null,
  from: 'knowngood@shop.example',
  ...bent,
});
const resolveSecret = async (text: string): Promise<string> =>
  text === '${env:SLACK}' ? `${http.address}/services/T0/B0/secret-of-slack` : (secrets[text] ?? text);

const channels: Readonly<Record<'slack' | 'pagerduty' | 'webhook', () => ChannelConfig>> = {
  slack: () => ({ ...common, name: 'database/slack', kind: 'slack', url: '${env:SLACK}' }),
  pagerduty: () => ({
    ...common,
    name: 'database/pagerduty',
    kind: 'pagerduty',
    routingKey: '${env:KEY}',
    apiToken: '${env:TOKEN}',
    eventsAddress: http.address,
    apiAddress: http.address,
    askEveryMs: 1_000,
  }),
  webhook: () => ({
    ...common,
    name: 'database/webhook',
    kind: 'webhook',
    url: `${http.address}/hook`,
    headers: { authorization: '${env:TOKEN}' },
  }),
};
const email: ChannelConfig = { ...common, name: 'database/email', kind: 'email', to: ['dba@shop.example'] };

async function sent(
  channel: ChannelConfig,
  settings: { telling?: Telling; allowPrivate?: readonly string[]; smtp?: SmtpConfig; timeoutMs?: number } = {},
): Promise<Answer> {
  const { telling = aTelling(), allowPrivate = ['127.0.0.1'], timeoutMs = 500 } = settings;
  const egress = openEgress({ allowPrivate, timeoutMs });
  try {
    return await send(channel, telling, { egress, smtp: settings.smtp ?? smtp(), resolveSecret });
  } finally {
    await egress.close();
  }
}

for (const kind of ['slack', 'pagerduty', 'webhook'] as const) {
  describe(`a channel of kind ${kind}`, () => {
    it('delivers, once', async () => {
      expect(await sent(channels[kind]())).toMatchObject({ kind: 'delivered' });
      expect(http.received.map(({ method }) => method)).toEqual(['POST']);
      expect(http.received[0]?.text).toContain('image-service/login failed');
    });

    for (const [name, reply, want] of [
      ['tries again later after 500', { status: 500, body: 'oops' }, { again: true, retryAfterMs: null }],
      [
        'does as 429 asks',
        { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' },
        { again: true, retryAfterMs: 7_000 },
      ],
      ['gives up after 404', { status: 404, body: 'no_service' }, { again: false }],
      ['gives up after 400', { status: 400, body: 'invalid' }, { again: false }],
      ['tries again when nothing is said in time', { silent: true }, { again: true, why: 'no answer within 500 ms' }],
      ['tries again when the connection is cut in the middle', { cut: true }, { again: true }],
    ] as const) {
      it(name, async () => {
        http.script(() => reply);
        expect(await sent(channels[kind]())).toMatchObject({ kind: 'failed', ...want });
        expect(http.received.length).toBe(1);
      });
    }

    it('keeps little of a long answer', async () => {
      http.script(() => ({ body: 'x'.repeat(3_000_000) }));
      const answer = await sent(channels[kind]());
      expect(answer).toMatchObject({ kind: 'delivered' });
      expect(JSON.stringify(answer).length).toBeLessThan(200);
    });

    it('follows no redirect, and says so', async () => {
      const elsewhere = await startHttpReceiver();
      http.script(() => ({ status: 307, headers: { location: `${elsewhere.address}/taken` } }));
      const answer = await sent(channels[kind]());
      await elsewhere.stop();
      expect(answer).toMatchObject({ kind: 'failed', again: false });
      expect(JSON.stringify(answer)).toContain('redirect');
      expect(elsewhere.received).toEqual([]);
    });

    it('sends nothing to a private address that nobody allowed', async () => {
      const answer = await sent(channels[kind](), { allowPrivate: ['10.0.0.0/8'] });
      expect(answer).toMatchObject({ kind: 'failed', again: false });
      expect(JSON.stringify(answer)).toContain('not a public address');
      expect(http.received).toEqual([]);
    });
  });
}

describe('where a message goes', () => {
  const to = (host: string): ChannelConfig => ({
    ...common,
    name: 'database/webhook',
    kind: 'webhook',
    url: `http://${host}:${new URL(http.address).port}/hook`,
    headers: {},
  });
  for (const host of [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0177.0.0.1',
    '0x7f.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ]) {
    it(`is refused for ${host}, whatever it looks like`, async () => {
      const answer = await sent(to(host), { allowPrivate: [] });
      expect(answer).toMatchObject({ kind: 'failed', again: false });
      expect(http.received).toEqual([]);
    });
  }

  it('is a host by its name, when that is what is allowed', async () => {
    expect(await sent(to('localhost'), { allowPrivate: ['localhost'] })).toMatchObject({ kind: 'delivered' });
    expect(await sent(to('127.0.0.1'), { allowPrivate: ['localhost'] })).toMatchObject({ kind: 'failed' });
  });

  it('is no mail server either that nobody allowed, by name or address', async () => {
    for (const host of ['127.0.0.1', 'localhost', '2130706433']) {
      const answer = await sent(email, { smtp: smtp({ host }), allowPrivate: [] });
      expect(answer).toMatchObject({ kind: 'failed', again: false });
    }
    expect(mail.mails).toEqual([]);
  });

  it('is not told with the secret in it, not even when the receiver repeats it', async () => {
    http.script(({ path }) => ({ status: 403, body: `no such hook: ${path}` }));
    const answer = await sent(channels.slack());
    expect(JSON.stringify(answer)).not.toContain('secret-of-slack');
    const nowhere = await freePort();
    const gone = { ...channels.webhook(), url: `http://127.0.0.1:${nowhere}/very-secret-path` } as ChannelConfig;
    expect(await sent(gone)).toEqual({
      kind: 'failed',
      why: 'could not be reached: ECONNREFUSED',
      again: true,
      retryAfterMs: null,
    });
  });
});

describe('a webhook', () => {
  it('gets the same id and idempotency key for each try', async () => {
    await sent(channels.webhook());
    await sent(channels.webhook());
    expect(new Set(http.received.map(({ json }) => json.id)).size).toBe(1);
    expect(new Set(http.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(http.received[0]?.headers).toMatchObject({
      authorization: 'token-of-rest',
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
  });
});

describe('PagerDuty', () => {
  it('says who has acknowledged there', async () => {
    const egress = openEgress({ allowPrivate: ['127.0.0.1'], timeoutMs: 500 });
    const toldAt = Date.UTC(2026, 2, 2, 12);
    const pager = channels.pagerduty() as Parameters<typeof acknowledgedThere>[0];
    const ask = () => acknowledgedThere(pager, aNotice(), toldAt, { egress, smtp: null, resolveSecret });
    http.script(() => ({ body: JSON.stringify({ incidents: [{ status: 'triggered' }] }) }));
    expect(await ask()).toBe(null);
    http.script(() => ({
      body: JSON.stringify({
        incidents: [{ status: 'acknowledged', acknowledgements: [{ acknowledger: { summary: 'Kim Lee' } }] }],
      }),
    }));
    expect(await ask()).toBe('Kim Lee (in PagerDuty)');
    const resolved = (at: string) => ({
      status: 'resolved',
      last_status_change_at: at,
      last_status_change_by: { summary: 'Ada' },
    });
    const [yesterday, now] = [resolved('2026-03-01T12:00:00Z'), resolved('2026-03-02T12:01:00Z')];
    for (const [incidents, want] of [
      [[yesterday], null],
      [[{ status: 'triggered' }, yesterday], null],
      [[{ status: 'triggered' }, { ...yesterday, status: 'acknowledged' }], null],
      [[now, yesterday], 'Ada (in PagerDuty)'],
    ] as const) {
      http.script(() => ({ body: JSON.stringify({ incidents }) }));
      expect(await ask()).toBe(want);
    }
    http.script(() => ({ status: 401, body: '{}' }));
    expect(await ask()).toBe(null);
    expect(http.received[0]?.path).toContain('sort_by=created_at%3Adesc');
    expect(http.received[0]).toMatchObject({
      method: 'GET',
      headers: { authorization: 'Token token=token-of-rest' },
    });
    expect(http.received[0]?.path).toContain('incident_key=knowngood%3Ashop-db%3Ac-1');
    await egress.close();
  });
});

describe('a mail', () => {
  it('is delivered with text and HTML, and the same id for each try', async () => {
    expect(await sent(email)).toMatchObject({ kind: 'delivered' });
    expect(await sent(email)).toMatchObject({ kind: 'delivered' });
    const [one, two] = mail.mails;
    expect(one).toMatchObject({ from: 'knowngood@shop.example', to: ['dba@shop.example'] });
    expect(one?.raw).toMatch(/^Subject: \[knowngood\] Reverting/m);
    expect(one?.raw).toContain('text/plain');
    expect(one?.raw).toContain('text/html');
    const idOf = (raw = ''): string | undefined => /^Message-ID: (.*)$/m.exec(raw)?.[1]?.trim();
    expect(idOf(one?.raw)).toBe('<shop-db.c-1.reverting.1.database.email@shop.example>');
    expect(idOf(two?.raw)).toBe(idOf(one?.raw));
  });

  it('gets no header and no recipient from what a notice says', async () => {
    const evil = 'x\r\nBcc: all@shop.example\r\n\r\nbody of the attacker';
    await sent(email, { telling: aTelling({}, { headline: evil, target: evil, changeId: evil, key: evil }) });
    const [one] = mail.mails;
    expect(one?.to).toEqual(['dba@shop.example']);
    const [headers = ''] = one?.raw.split('\r\n\r\n', 1) ?? [];
    expect(headers).not.toMatch(/^Bcc:/im);
    expect(headers).not.toContain('\r\nbody of');
  });

  for (const [name, code, again] of [
    ['tries again when the server says later', 451, true],
    ['gives up when the server says no', 550, false],
  ] as const) {
    it(name, async () => {
      mail.refuse({ code, words: 'not now' });
      expect(await sent(email)).toMatchObject({ kind: 'failed', again });
    });
  }

  it('needs TLS where that is configured, and says nothing without', async () => {
    expect(await sent(email, { smtp: smtp({ tls: 'starttls' }) })).toMatchObject({ kind: 'failed' });
    expect(mail.mails).toEqual([]);
  });

  it('tries again when no server is there, or one that says nothing', async () => {
    expect(await sent(email, { smtp: smtp({ port: await freePort() }) })).toMatchObject({
      kind: 'failed',
      again: true,
    });
    const silent = await startSilentServer();
    expect(await sent(email, { smtp: smtp({ port: silent.port }) })).toMatchObject({ kind: 'failed', again: true });
    await silent.stop();
  });
});

async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { createServer } = await import('node:net');
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
