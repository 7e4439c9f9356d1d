/**
 * Temporal's codec server over HTTP: POST /encode and /decode, for the Web UI and the `temporal` command. Who may see what a
 * key opens may use it: it asks for a token where it has one, and answers pages of the Web UI's own origins alone. GET /healthz
 * tells whoever watches the process that it turns.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import proto from '@temporalio/proto';
import type { PayloadCodec } from '@temporalio/common';
import type { ListenAddress } from '../domain/config.ts';
import { PayloadError } from './keys.ts';

const { Payloads } = proto.temporal.api.common.v1;

export const usualCodecPort = 8234;

/** Temporal takes payloads of 2 MiB, in messages of 4 MiB; here they come as base64. */
const bodyLimitBytes = 8 * 1024 * 1024;
/** A request is read within it, or its connection is closed. */
const readWithinMs = 30_000;
const timeouts = { requestTimeout: readWithinMs, handshakeTimeout: readWithinMs };

/** A certificate, with those between it and its CA, and its private key, in PEM. */
export interface TlsPair {
  readonly crt: Buffer;
  readonly key: Buffer;
}

export interface CodecServer {
  /** `http://127.0.0.1:8234` */
  readonly address: string;
  /** From the next connection on it shows this one. Throws where it serves no TLS. */
  renew(tls: TlsPair): void;
  close(): Promise<void>;
}

export interface CodecServing {
  readonly codec: PayloadCodec;
  readonly listen: ListenAddress;
  /** Of the Web UI, such as `https://temporal.example`; pages of any other are refused. */
  readonly origins: readonly string[];
  /** Asked for as `Authorization: Bearer …`; null: nobody is asked. */
  readonly token: string | null;
  /** Absent: HTTP, for this machine alone or behind a proxy. */
  readonly tls?: TlsPair;
}

/** Throws when the port is taken. */
export async function serveCodec(serving: CodecServing): Promise<CodecServer> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(serving, request)
      .catch((error: unknown) => say(400, error instanceof PayloadError ? error.message : 'the body holds no payloads'))
      .then((said) => send(response, said, corsFor(serving, request)));
  };
  const { tls } = serving;
  const secure = tls === undefined ? null : createTlsServer({ ...timeouts, cert: tls.crt, key: tls.key }, onRequest);
  const server = secure ?? createServer(timeouts, onRequest);
  server.listen({ host: serving.listen.host, port: serving.listen.port });
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `${secure === null ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    renew({ crt, key }) {
      if (secure === null) throw new Error('no TLS is served');
      secure.setSecureContext({ cert: crt, key });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const say = (status: number, message: string): Answer => ({ status, body: JSON.stringify({ message }) });

async function answer({ codec, origins, token }: CodecServing, request: IncomingMessage): Promise<Answer> {
  const { method, headers } = request;
  // Only browsers name one, and they name it for every page but the codec server's own, which it has none of.
  if (headers.origin !== undefined && !origins.includes(headers.origin))
    return say(403, `pages of ${headers.origin} may not ask`);
  if (method === 'OPTIONS') return { status: 204, body: '' };
  const path = (request.url ?? '').split('?', 1)[0];
  if (path === '/healthz') return method === 'GET' ? say(200, 'ok') : say(405, 'GET /healthz');
  const code = path === '/encode' ? codec.encode : path === '/decode' ? codec.decode : null;
  if (code === null) return say(404, 'POST /encode or /decode');
  if (method !== 'POST') return say(405, 'POST /encode or /decode');
  if (token !== null && !isSame(headers.authorization ?? '', `Bearer ${token}`))
    return say(401, 'the token is missing or wrong');
  // Anything simpler would come from a page without being asked about first.
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return say(415, 'send application/json');
  const length = headers['content-length'];
  if (length === undefined) return say(411, 'say how long the body is');
  if (Number(length) > bodyLimitBytes) return say(413, `the body is larger than ${bodyLimitBytes / 1024 / 1024} MiB`);
  const { payloads } = Payloads.fromObject((await json(request)) as Record<string, unknown>);
  const coded = Payloads.fromObject({ payloads: await code(payloads) });
  return { status: 200, body: JSON.stringify(Payloads.toObject(coded, { bytes: String, longs: String })) };
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}

/** What the Web UI sends: its namespace, and on request the token or cookies of whoever is logged in, for a proxy in front. */
function corsFor({ origins }: CodecServing, { headers: { origin } }: IncomingMessage): Record<string, string> {
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, x-namespace, authorization, authorization-extras',
    'access-control-max-age': '600',
  };
}

function send(response: ServerResponse, { status, body }: Answer, cors: Record<string, string>): void {
  const type = body === '' ? {} : { 'content-type': 'application/json; charset=utf-8' };
  // What was not read is not worth reading.
  const end = status >= 400 ? { connection: 'close' } : {};
  response.writeHead(status, { ...cors, ...type, ...end, 'cache-control': 'no-store' });
  response.end(body);
}
