/** An `http` check against real servers that answer well, badly, too slowly or not to the end. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSecret } from '../../config/secrets.ts';
import type { HttpCheck } from '../../domain/check.ts';
import { measureHttp } from '../../probes/http.ts';
import type { Measured } from '../../probes/measured.ts';
import { aHttpCheck } from './builders.ts';

let server: Server | null = null;

afterEach(async () => {
  const closing = server;
  server = null;
  if (closing === null) return;
  // No check leaves a connection behind.
  for (let tries = 0; (await connections(closing)) > 0; tries += 1) {
    if (tries === 40) throw new Error('a check left its connection open');
    await pause(25);
  }
  await new Promise((resolve) => closing.close(resolve));
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function connections(of: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    of.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

async function ask(
  listener: RequestListener,
  bent: Partial<HttpCheck> = {},
  path = '/img/1.webp?v=2',
): Promise<Measured> {
  const serving = createServer(listener);
  server = serving;
  await new Promise<void>((resolve) => serving.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(serving.address() as AddressInfo).port}${path}`;
  return measureHttp(aHttpCheck({ url, ...bent }), resolveSecret);
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

describe('what is asked for', () => {
  for (const [name, listener, bent, want] of [
    ['the status passes', answering(200), {}, { mark: 'pass' }],
    ['one of several passes', answering(204), { status: [200, 204] }, { mark: 'pass' }],
    ['another status fails', answering(503), {}, { mark: 'fail', class: 'http', code: '503' }],
    [
      'the type passes',
      answering(200, { 'content-type': 'image/webp' }),
      { contentType: 'image/webp' },
      { mark: 'pass' },
    ],
    [
      'any image passes',
      answering(200, { 'content-type': 'Image/WebP; q=1' }),
      { contentType: 'image/*' },
      { mark: 'pass' },
    ],
    [
      'a page for an image fails',
      answering(200, { 'content-type': 'text/html' }),
      { contentType: 'image/*' },
      { mark: 'fail', class: 'http' },
    ],
    [
      '`imagery/x` is no image',
      answering(200, { 'content-type': 'imagery/x' }),
      { contentType: 'image/*' },
      { mark: 'fail' },
    ],
    [
      'no type fails',
      answering(200),
      { contentType: 'image/*' },
      { mark: 'fail', message: 'expected content type image/*, got none' },
    ],
    ['the word in the body passes', answering(200, {}, 'all is well'), { bodyIncludes: 'well' }, { mark: 'pass' }],
    ['another body fails', answering(200, {}, 'oops'), { bodyIncludes: 'well' }, { mark: 'fail', class: 'http' }],
    ['HEAD asks for no body', answering(200), { method: 'HEAD' }, { mark: 'pass' }],
    [
      'a redirect is an answer, not followed',
      answering(302, { location: 'http://127.0.0.1:1/' }),
      {},
      { mark: 'fail', code: '302' },
    ],
    [
      'a redirect can be what is wanted',
      answering(302, { location: 'http://127.0.0.1:1/' }),
      { status: [302] },
      { mark: 'pass' },
    ],
  ] satisfies [string, RequestListener, Partial<HttpCheck>, Partial<Measured>][])
    it(name, async () => expect(await ask(listener, bent)).toMatchObject(want));

  it('finds a word that the network cut in two', async () => {
    const halves: RequestListener = (_request, response) => {
      response.write('all is w');
      setTimeout(() => response.end('ell'), 50);
    };
    expect(await ask(halves, { bodyIncludes: 'well' })).toMatchObject({ mark: 'pass' });
  });

  it('reads no more of an endless body than it needs', async () => {
    const endless: RequestListener = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    };
    expect(await ask(endless)).toMatchObject({ mark: 'pass' });
  });

  it('sends path, query, method and headers, secrets among them, on a connection of its own', async () => {
    process.env['PROBE_TOKEN'] = 'geheim-token';
    const seen: unknown[] = [];
    const listener: RequestListener = ({ method, url, headers }, response) => {
      seen.push(method, url, headers['authorization'], headers['connection']);
      response.end();
    };
    await ask(listener, { headers: { authorization: 'Bearer ${env:PROBE_TOKEN}' } });
    expect(seen).toEqual(['GET', '/img/1.webp?v=2', 'Bearer geheim-token', 'close']);
  });
});

describe('a server in trouble', () => {
  it('that hangs is a timeout, in time', async () => {
    const beganAt = performance.now();
    expect(await ask(() => undefined, { timeoutMs: 300 })).toMatchObject({ mark: 'fail', class: 'timeout' });
    expect(performance.now() - beganAt).toBeLessThan(1_500);
  });

  it('that hangs in the middle of the body is a timeout', async () => {
    const listener: RequestListener = (_request, response) => void response.write('half');
    expect(await ask(listener, { timeoutMs: 300 })).toMatchObject({ mark: 'fail', class: 'timeout' });
  });

  it('that breaks off in the middle of the body fails, whatever the status said', async () => {
    const listener: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      setTimeout(() => response.destroy(), 50);
    };
    expect(await ask(listener)).toMatchObject({ mark: 'fail', class: 'network' });
  });

  it('that breaks off before its answer fails', async () =>
    expect(await ask((request) => void request.socket.destroy())).toMatchObject({ mark: 'fail', class: 'network' }));

  it('that is not there refuses', async () =>
    expect(await measureHttp(aHttpCheck(), resolveSecret)).toMatchObject({ mark: 'fail', class: 'refused' }));

  it('that speaks no TLS fails as such', async () => {
    const serving = createServer(answering(200));
    server = serving;
    await new Promise<void>((resolve) => serving.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(serving.address() as AddressInfo).port}/`;
    expect(await measureHttp(aHttpCheck({ url }), resolveSecret)).toMatchObject({ mark: 'fail', class: 'tls' });
  });
});

describe('trouble of the probe itself', () => {
  it('is a secret that cannot be read', async () =>
    expect(await ask(answering(200), { headers: { authorization: '${env:NOT_SET_ANYWHERE}' } })).toMatchObject({
      mark: 'error',
      class: 'probe',
      code: 'secret',
      message: expect.stringContaining('NOT_SET_ANYWHERE'),
    }));

  it('is a header that cannot be sent, and its value is not said', async () => {
    process.env['PROBE_TOKEN'] = 'geheim\ntoken';
    const measured = await ask(answering(200), { headers: { authorization: '${env:PROBE_TOKEN}' } });
    expect(measured).toMatchObject({ mark: 'error', class: 'probe' });
    expect(measured.message).not.toMatch(/geheim/);
  });
});
