/** A server that speaks the query API of Prometheus over series that the test holds. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Metrics {
  readonly url: string;
  /** What was asked, newest last: path and form. */
  readonly asked: {
    readonly path: string;
    readonly fields: URLSearchParams;
    readonly authorization: string | undefined;
  }[];
  /** Answers an instant query; changed at will. */
  now: (query: string) => unknown;
  /** The value at a Unix time in seconds; null: none. */
  at: (seconds: number) => number | null;
  close(): Promise<void>;
}

export const vector = (...values: readonly (number | string)[]): unknown => ({
  resultType: 'vector',
  result: values.map((value, index) => ({ metric: { pod: `shop-${index}` }, value: [1_700_000_000, String(value)] })),
});

export async function openMetrics(): Promise<Metrics> {
  const metrics: Metrics = {
    url: '',
    asked: [],
    now: () => vector(1),
    at: () => 1,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const fields = new URLSearchParams(Buffer.concat(chunks).toString());
      metrics.asked.push({ path, fields, authorization: request.headers.authorization });
      const answer = (status: number, body: unknown): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      const query = fields.get('query') ?? '';
      if (query.includes('!!'))
        return answer(400, { status: 'error', errorType: 'bad_data', error: 'invalid parameter "query"' });
      if (path.endsWith('/api/v1/query')) return answer(200, { status: 'success', data: metrics.now(query) });
      const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((name) => Number(fields.get(name)));
      const values: [number, string][] = [];
      for (let time = start; time <= end; time += step) {
        const value = metrics.at(time);
        if (value !== null) values.push([time, String(value)]);
      }
      const result = values.length === 0 ? [] : [{ metric: {}, values }];
      answer(200, { status: 'success', data: { resultType: 'matrix', result } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(metrics, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
