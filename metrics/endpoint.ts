/** Serves figures to Prometheus: GET /metrics, and nothing else. A port that is taken is said once, and keeps nothing from running. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { ListenAddress } from '../domain/config.ts';

export interface MetricsEndpoint {
  /** Where it listens; null: it does not. */
  readonly address: string | null;
  close(): Promise<void>;
}

export interface Serving {
  readonly registry: Registry;
  readonly listen: ListenAddress;
  /** Brings up to date what is only known when it is asked for. */
  readonly refresh?: () => Promise<void>;
  readonly warn: (line: string) => void;
}

export async function serveMetrics({ registry, listen, refresh, warn }: Serving): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path !== '/metrics' || !isRead) {
      response.writeHead(path === '/metrics' ? 405 : 404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('GET /metrics\n');
      return;
    }
    void told().then(
      (text) => {
        response.writeHead(200, { 'content-type': registry.contentType });
        response.end(request.method === 'HEAD' ? '' : text);
      },
      (error: unknown) => {
        response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
        response.end('the figures could not be read\n');
        warn(`metrics could not be read: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
  });
  const told = async (): Promise<string> => {
    await refresh?.();
    return registry.metrics();
  };
  const problem = await new Promise<Error | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host: listen.host, port: listen.port }, () => resolve(null));
  });
  if (problem !== null) {
    warn(`metrics are not served at ${listen.host}:${listen.port}: ${problem.message}`);
    return { address: null, close: async () => {} };
  }
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
