/** A small HTTP server of the shop: a free port, one handler, and an end that leaves no connection open. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/** `onClose` runs after the last request: pools end there. What a handler throws is answered with 500. */
export async function serve(handler: Handler, onClose: () => Promise<void> = async () => {}): Promise<Service> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://shop').pathname;
    handler(request, response, path).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await onClose();
    },
  };
}

/** The number in `/img/42` for the prefix `/img/`; null for anything else. */
export function numberAfter(prefix: string, path: string): number | null {
  const match = path.startsWith(prefix) ? /^\d{1,9}$/.exec(path.slice(prefix.length)) : null;
  return match ? Number(match[0]) : null;
}

export function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
