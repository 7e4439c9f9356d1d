/** The codec server as browsers, the `temporal` command and strangers ask it. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newPayloadKey, parsePayloadKey, type PayloadKey } from '../../codec/keys.ts';
import { createPayloadCodec } from '../../codec/payload-codec.ts';
import { type CodecServer, serveCodec } from '../../codec/server.ts';

const ui = 'https://temporal.example';
const key = parsePayloadKey(newPayloadKey()) as PayloadKey;
const other = parsePayloadKey(newPayloadKey()) as PayloadKey;
const listen = { host: '127.0.0.1', port: 0 };
let open: CodecServer;
let withToken: CodecServer;

beforeAll(async () => {
  const codec = createPayloadCodec([key]);
  open = await serveCodec({ codec, listen, origins: [ui], token: null });
  withToken = await serveCodec({ codec, listen, origins: [ui], token: 'not-for-everybody' });
});
afterAll(async () => {
  await Promise.all([open.close(), withToken.close()]);
});

const inJson = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from(JSON.stringify(value)).toString('base64'),
});

interface Asked {
  readonly path: string;
  readonly body?: unknown;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly of?: CodecServer;
}

/** Not by fetch: it sets no origin. */
async function ask({ path, body, method = 'POST', headers = {}, of = open }: Asked) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
    const sent = request(
      `${of.address}${path}`,
      { method, headers: { 'content-type': 'application/json', ...headers } },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      },
    );
    sent.on('error', reject);
    if (method !== 'POST') sent.end();
    else if (body === undefined) sent.flushHeaders();
    else sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const payloadsOf = (text: string) => (JSON.parse(text) as { payloads: { data: string; metadata: object }[] }).payloads;

describe('the codec server', () => {
  it('encodes what a person types, and decodes it for the page that asks', async () => {
    const typed = inJson('kim: seen the diff');
    const headers = { origin: ui, 'x-namespace': 'default' };
    const encoded = await ask({ path: '/encode?preserveStorageRefs=true', body: { payloads: [typed] }, headers });
    expect(encoded).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': ui, 'cache-control': 'no-store', vary: 'origin' },
    });
    const [payload] = payloadsOf(encoded.text);
    expect(Buffer.from(payload?.data ?? '', 'base64').includes('kim')).toBe(false);
    const decoded = await ask({ path: '/decode', body: { payloads: [payload, inJson('in clear')] }, headers });
    expect(payloadsOf(decoded.text)).toEqual([typed, inJson('in clear')]);
  });

  it('answers whoever is no browser, such as the temporal command', async () => {
    expect(await ask({ path: '/decode', body: { payloads: [inJson(1)] } })).toMatchObject({ status: 200 });
    expect(await ask({ path: '/decode', body: {} })).toMatchObject({ status: 200, text: '{}' });
  });

  it('lets a browser ask before it asks, and only on behalf of the Web UI', async () => {
    const asking = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-namespace' };
    const headers = { ...asking, origin: ui };
    expect(await ask({ path: '/decode', method: 'OPTIONS', headers })).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': ui,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': expect.stringContaining('x-namespace'),
      },
    });
    for (const origin of ['https://evil.example', `${ui}.evil.example`, 'http://temporal.example', 'null'])
      for (const method of ['OPTIONS', 'POST']) {
        const answer = await ask({ path: '/decode', method, headers: { origin }, body: { payloads: [inJson(1)] } });
        expect(answer.status).toBe(403);
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        expect(answer.text).not.toContain('payloads');
      }
  });

  it('says what it cannot decode, and decodes nothing of it', async () => {
    const [foreign] = await createPayloadCodec([other]).encode([{ metadata: {}, data: Buffer.from('x') }]);
    const base64 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('base64');
    const metadata = Object.fromEntries(
      Object.entries(foreign?.metadata ?? {}).map(([name, it]) => [name, base64(it)]),
    );
    const answer = await ask({
      path: '/decode',
      body: { payloads: [{ metadata, data: base64(foreign?.data ?? undefined) }] },
    });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining(other.id) });
  });

  it.each([
    [{ path: '/decode', body: '{' }, 400],
    [{ path: '/decode', body: '[]]' }, 400],
    [{ path: '/decode', body: { payloads: ['text'] } }, 400],
    [{ path: '/decode', body: { payloads: [] }, headers: { 'content-type': 'text/plain' } }, 415],
    [{ path: '/decode', method: 'GET' }, 405],
    [{ path: '/download', body: {} }, 404],
    [{ path: '/healthz', body: {} }, 405],
    [{ path: '/decode', headers: { 'content-length': '8388609' } }, 413],
    [{ path: '/decode', headers: { 'transfer-encoding': 'chunked' } }, 411],
  ] as const)('refuses what it is not for: %j', async (asked, status) => {
    expect(await ask(asked)).toMatchObject({ status });
  });

  it('asks for its token where it has one', async () => {
    const asked = { path: '/decode', body: { payloads: [inJson(1)] }, of: withToken };
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'not-for-everybody'])
      expect(await ask({ ...asked, headers: { authorization } })).toMatchObject({ status: 401 });
    const headers = { authorization: 'Bearer not-for-everybody' };
    expect(await ask({ ...asked, headers })).toMatchObject({ status: 200 });
    expect(await ask({ ...asked, method: 'OPTIONS', headers: { origin: ui } })).toMatchObject({ status: 204 });
  });

  it('tells whoever watches it that it turns, token or not', async () => {
    for (const server of [open, withToken])
      expect(await ask({ path: '/healthz', method: 'GET', of: server })).toMatchObject({ status: 200 });
    expect(() => open.renew({ crt: Buffer.from(''), key: Buffer.from('') })).toThrow('no TLS is served');
  });

  it('says that its port is taken', async () => {
    const port = Number(new URL(open.address).port);
    const again = serveCodec({
      codec: createPayloadCodec([key]),
      listen: { ...listen, port },
      origins: [],
      token: null,
    });
    await expect(again).rejects.toThrow('EADDRINUSE');
  });
});
