/** Every dependent in one: answers 200 for a target, or 503 once it is told to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Switchboard {
  readonly address: string;
  turn(target: string, health: 'green' | 'red'): void;
  close(): Promise<void>;
}

export async function openSwitchboard(): Promise<Switchboard> {
  const red = new Set<string>();
  const server = createServer((request, response) => {
    response.statusCode = red.has((request.url ?? '').slice(1)) ? 503 : 200;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turn: (target, health) => void (health === 'red' ? red.add(target) : red.delete(target)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
