/** The dependents of all simulated targets in one: answers 200 for each, or 503 for a while once it is told to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Switchboard {
  readonly address: string;
  /** The next `answers` of this target are red; green again for the look at the dependents after the revert. */
  fail(target: string, answers: number): void;
  close(): Promise<void>;
}

export async function openSwitchboard(): Promise<Switchboard> {
  const red = new Map<string, number>();
  const server = createServer((request, response) => {
    const target = (request.url ?? '').slice(1);
    const left = red.get(target) ?? 0;
    red.set(target, Math.max(0, left - 1));
    response.statusCode = left > 0 ? 503 : 200;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (target, answers) => void red.set(target, answers),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
