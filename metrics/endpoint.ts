/**
 * Serves figures to Prometheus at GET /metrics, to whoever watches the process GET /healthz (it turns), and nothing else. A port
 * that is taken is said once, and keeps nothing from running.
 */
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
    const say = (status: number, line: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${line}\n`);
    };
    if (path !== '/metrics' && path !== '/healthz') return say(404, 'GET /metrics');
    if (!isRead) return say(405, `GET ${path}`);
    if (path === '/healthz') return say(200, 'ok');
    void told().then(
      (text) => {
        response.writeHead(200, { 'content-type': registry.contentType });
        response.end(request.method === 'HEAD' ? '' : text);
      },
      (error: unknown) => {
        say(500, 'the figures could not be read');
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
