/** A `tcp` check against real sockets. */
import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { measureTcp } from '../../probes/tcp.ts';
import { aTcpCheck } from './builders.ts';

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

it('passes on a connection that is accepted, and leaves none behind', async () => {
  const { server, port } = await listen();
  const left = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve).resume()));
  expect(await measureTcp(aTcpCheck({ port }))).toMatchObject({ mark: 'pass' });
  await left;
  await new Promise((resolve) => server.close(resolve));
});

it('is refused where nobody listens, by each address of a name', async () => {
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  for (const host of ['127.0.0.1', 'localhost'])
    expect(await measureTcp(aTcpCheck({ host, port }))).toMatchObject({
      mark: 'fail',
      class: 'refused',
      code: 'ECONNREFUSED',
    });
});

it('takes a name that cannot be resolved for trouble of the probe, not of the dependent', async () =>
  expect(await measureTcp(aTcpCheck({ host: 'nobody.invalid' }))).toMatchObject({ mark: 'error', class: 'probe' }));

it('gives up in time on a host that does not answer', async () => {
  // A process that is stopped accepts nothing, and once its queue is full the kernel answers no more either.
  const script = `const s = require('net').createServer().listen(0, '127.0.0.1', 1, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script]);
  const waiting: Socket[] = [];
  try {
    const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    child.kill('SIGSTOP');
    for (let index = 0; index < 8; index += 1) waiting.push(connect(port, '127.0.0.1').on('error', () => undefined));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const beganAt = performance.now();
    expect(await measureTcp(aTcpCheck({ port, timeoutMs: 300 }))).toMatchObject({ mark: 'fail', class: 'timeout' });
    expect(performance.now() - beganAt).toBeLessThan(1_500);
  } finally {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
  }
});
