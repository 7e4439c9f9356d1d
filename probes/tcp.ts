/** Check kind `tcp`: a new connection is accepted. */
import { connect } from 'node:net';
import type { TcpCheck } from '../domain/check.ts';
import { failedWith, passed, type Measured } from './measured.ts';
import { fromNetworkError } from './network-error.ts';

export async function measureTcp({ host, port, timeoutMs }: TcpCheck): Promise<Measured> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (measured: Measured): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(measured);
    };
    const timer = setTimeout(() => end(failedWith('timeout', null, `no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('connect', () => end(passed)).on('error', (error) => end(fromNetworkError(error)));
  });
}
