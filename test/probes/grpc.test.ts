/** A `grpc` check against real servers with the health service of gRPC itself, in plaintext and with TLS. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials, status, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import healthCheck, { type ServingStatusMap } from 'grpc-health-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSecret } from '../../config/secrets.ts';
import type { GrpcCheck } from '../../domain/check.ts';
import { measureGrpc } from '../../probes/grpc.ts';
import { selfSigned } from '../support/certificate.ts';
import { aGrpcCheck } from './builders.ts';

const { HealthImplementation, service } = healthCheck;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(
  fill: (server: Server) => void,
  credentials = ServerCredentials.createInsecure(),
): Promise<number> {
  const server = new Server();
  fill(server);
  closing.push(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
}

const health =
  (statuses: ServingStatusMap) =>
  (server: Server): void =>
    new HealthImplementation(statuses).addToServer(server as never);

type Answer = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void;

const answering =
  (Check: Answer) =>
  (server: Server): void =>
    server.addService({ Check: service['Check'] } as never, { Check });

const ask = (bent: Partial<GrpcCheck>) => measureGrpc(aGrpcCheck(bent), resolveSecret);

describe('what the health service says', () => {
  it('passes on SERVING, of the server and of one service', async () => {
    const port = await serve(health({ '': 'SERVING', 'shop.Images': 'SERVING' }));
    expect(await ask({ port })).toEqual({ mark: 'pass', class: null, code: null, message: null });
    expect(await ask({ port, service: 'shop.Images' })).toMatchObject({ mark: 'pass' });
  });

  for (const said of ['NOT_SERVING', 'UNKNOWN'] as const)
    it(`fails on ${said}`, async () => {
      const port = await serve(health({ '': 'SERVING', 'shop.Images': said }));
      expect(await ask({ port, service: 'shop.Images' })).toMatchObject({ mark: 'fail', class: 'grpc', code: said });
    });

  it('fails for a service that the server does not know', async () => {
    const port = await serve(health({ '': 'SERVING' }));
    expect(await ask({ port, service: 'shop.Nobody' })).toMatchObject({
      mark: 'fail',
      class: 'grpc',
      code: 'NOT_FOUND',
    });
  });

  it('fails on a server without the health service', async () => {
    const port = await serve(() => undefined);
    expect(await ask({ port })).toMatchObject({ mark: 'fail', class: 'grpc', code: 'UNIMPLEMENTED' });
  });

  it('fails on a refused call, with its words', async () => {
    const port = await serve(
      answering((_call, callback) => callback({ code: status.PERMISSION_DENIED, details: 'not you' })),
    );
    expect(await ask({ port })).toMatchObject({
      mark: 'fail',
      class: 'grpc',
      code: 'PERMISSION_DENIED',
      message: 'not you',
    });
  });

  it('sends metadata, secrets among it', async () => {
    process.env['PROBE_TOKEN'] = 'geheim-token';
    const seen: unknown[] = [];
    const port = await serve(
      answering((call, callback) => {
        seen.push(call.metadata.get('authorization'));
        callback(null, { status: 'SERVING' });
      }),
    );
    expect(await ask({ port, metadata: { authorization: 'Bearer ${env:PROBE_TOKEN}' } })).toMatchObject({
      mark: 'pass',
    });
    expect(seen).toEqual([['Bearer geheim-token']]);
  });
});

describe('a server in trouble', () => {
  it('that is not there refuses', async () =>
    expect(await ask({ port: 1 })).toMatchObject({ mark: 'fail', class: 'refused', code: 'ECONNREFUSED' }));

  it('that never answers is a timeout, in time', async () => {
    const port = await serve(answering(() => undefined));
    const beganAt = performance.now();
    expect(await ask({ port, timeoutMs: 300 })).toMatchObject({ mark: 'fail', class: 'timeout' });
    expect(performance.now() - beganAt).toBeLessThan(1_500);
  });

  it('that hangs up fails', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    expect(await ask({ port })).toMatchObject({ mark: 'fail' });
  });

  it('is asked on a new connection each time, and none is left', async () => {
    const port = await serve(health({ '': 'SERVING' }));
    let open = 0;
    let opened = 0;
    const relay = createServer((socket) => {
      opened += 1;
      open += 1;
      const to = connect(port, '127.0.0.1').on('error', () => socket.destroy());
      socket.on('error', () => to.destroy()).on('close', () => ((open -= 1), to.destroy()));
      socket.pipe(to).pipe(socket);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => relay.close(resolve)));
    const through = (relay.address() as { port: number }).port;
    for (let times = 0; times < 2; times += 1) expect(await ask({ port: through })).toMatchObject({ mark: 'pass' });
    expect(opened).toBe(2);
    for (let tries = 0; open > 0 && tries < 40; tries += 1) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(open).toBe(0);
  });
});

describe('TLS', () => {
  it('is checked against its authority and the name', async () => {
    const own = selfSigned('shop', { dns: ['images.shop'] });
    const folder = await mkdtemp(join(tmpdir(), 'kg-grpc-'));
    closing.push(() => rm(folder, { recursive: true }));
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, own.certificate);
    const port = await serve(
      health({ '': 'SERVING' }),
      ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.certificate) },
      ]),
    );
    const tls = { ca, cert: null, key: null, serverName: 'images.shop' };
    expect(await ask({ port, tls })).toMatchObject({ mark: 'pass' });
    expect(await ask({ port, tls: { ...tls, serverName: 'other.shop' } })).toMatchObject({
      mark: 'fail',
      class: 'tls',
    });
    expect(await ask({ port, tls: { ...tls, ca: null } })).toMatchObject({ mark: 'fail', class: 'tls' });
    expect(await ask({ port, tls: { ...tls, ca: join(folder, 'nothing.pem') } })).toMatchObject({ mark: 'error' });
  });
});

describe('trouble of the probe itself', () => {
  it('is a secret that cannot be read', async () =>
    expect(await ask({ port: 1, metadata: { authorization: '${env:NOT_SET_ANYWHERE}' } })).toMatchObject({
      mark: 'error',
      code: 'secret',
    }));

  it('is a name that cannot be resolved', async () =>
    expect(await ask({ host: 'nobody.invalid' })).toMatchObject({ mark: 'error', class: 'probe' }));
});
