/**
 * A real Temporal server behind TLS: the dev server takes none, so this proxy ends TLS in front of it, asks for client
 * certificates, and looks at the `authorization` of each call as Temporal Cloud's frontend does. What is proven with it is
 * what our processes send and accept, not what Temporal's own TLS would do.
 */
import { once } from 'node:events';
import { connect, constants, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';

export interface GuardedTemporal {
  readonly address: string;
  /** Calls that reached the server behind. */
  readonly calls: readonly string[];
  /** `authorization` of those that were let through or not, without repeats. */
  readonly keysSeen: ReadonlySet<string>;
  stop(): Promise<void>;
}

export interface Guard {
  /** `127.0.0.1:7233`: the server behind. */
  readonly behind: string;
  readonly server: Certificate;
  /** Clients must show a certificate of this CA; left out: none is asked for. */
  readonly clientCa?: string;
  /** The one key that is let through; left out: none is asked for. */
  readonly apiKey?: string;
  /** As with a server that somebody else runs: no calls of its operator's service. */
  readonly noOperator?: boolean;
}

const unauthenticated = 16;
const permissionDenied = 7;

export async function guardTemporal({ behind, server, clientCa, apiKey, noOperator }: Guard): Promise<GuardedTemporal> {
  const calls: string[] = [];
  const keysSeen = new Set<string>();
  const upstream = connect(`http://${behind}`);
  upstream.on('error', () => undefined);
  const front = createSecureServer({
    cert: server.certificate,
    key: server.key,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  const sessions = new Set<{ destroy(): void }>();
  front.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  front.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const { authorization = '' } = headers;
    keysSeen.add(authorization);
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) return refuse(stream, unauthenticated);
    const path = String(headers[':path']);
    if (noOperator === true && path.includes('OperatorService')) return refuse(stream, permissionDenied);
    calls.push(path);
    pass(stream, headers);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    address: `127.0.0.1:${(front.address() as AddressInfo).port}`,
    calls,
    keysSeen,
    async stop() {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      front.close();
      await once(front, 'close');
    },
  };

  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const request = upstream.request({ ...headers, ':scheme': 'http', ':authority': behind });
    let trailers: IncomingHttpHeaders = {};
    request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    stream.on('close', () => request.close());
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    request.on('trailers', (last) => (trailers = last));
    request.on('response', (head, flags) => {
      const ends = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (stream.destroyed) return;
      stream.respond(head, ends ? { endStream: true } : { waitForTrailers: true });
      if (!ends) request.pipe(stream);
    });
    stream.pipe(request);
  }
}

function refuse(stream: ServerHttp2Stream, code: number): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(code),
      'grpc-message': 'Request unauthorized.',
    },
    { endStream: true },
  );
}
