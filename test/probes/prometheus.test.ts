/** A `prometheus` check against an HTTP server that speaks Prometheus's query API. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSecret } from '../../config/secrets.ts';
import type { PrometheusCheck } from '../../domain/check.ts';
import { historyOf, measurePrometheus } from '../../probes/prometheus.ts';
import { type Metrics, openMetrics, vector } from '../support/prometheus.ts';
import { aPrometheusCheck } from './builders.ts';

let metrics: Metrics;
beforeAll(async () => {
  metrics = await openMetrics();
});
afterAll(() => metrics.close());
beforeEach(() => {
  metrics.now = () => vector(1);
  metrics.at = () => 1;
  metrics.asked.length = 0;
});

const check = (bent: Partial<PrometheusCheck> = {}) => aPrometheusCheck({ url: metrics.url, ...bent });
const ask = (bent: Partial<PrometheusCheck> = {}) => measurePrometheus(check(bent), resolveSecret);
const comparison = { worse: 'higher', factor: 1.5, plus: 0, samples: 16 } as const;

describe('an instant query', () => {
  for (const [name, data, bent, want] of [
    ['within its bounds passes, with its number', vector(0.02), { max: 0.05 }, { mark: 'pass', code: '0.02' }],
    ['at its bound passes', vector(0.05), { max: 0.05, min: 0.05 }, { mark: 'pass' }],
    ['above fails', vector(0.2), { max: 0.05 }, { mark: 'fail', class: 'metric', code: '0.2' }],
    ['below fails', vector(3), { min: 10 }, { mark: 'fail', message: 'expected at least 10, got 3 for pod=shop-0' }],
    [
      'fails for any of its series',
      vector(1, 9),
      { max: 5 },
      { mark: 'fail', message: 'expected at most 5, got 9 for pod=shop-1' },
    ],
    ['of a scalar passes', { resultType: 'scalar', result: [1, '4'] }, { max: 5 }, { mark: 'pass', code: '4' }],
    ['that is infinite fails', vector('+Inf'), { max: 5 }, { mark: 'fail', code: 'Infinity' }],
    ['without a series is no data', vector(), { max: 5 }, { mark: 'no-data', class: 'metric' }],
    ['of nothing by nothing is no data', vector('NaN'), { max: 5 }, { mark: 'no-data' }],
    [
      'of a whole range is a mistake',
      { resultType: 'matrix', result: [] },
      { max: 5 },
      { mark: 'error', code: 'result' },
    ],
    ['of many series cannot be compared', vector(1, 2), { comparison }, { mark: 'error', code: 'result' }],
    ['of anything else is an error', 'what', { max: 5 }, { mark: 'error' }],
  ] as const)
    it(name, async () => {
      metrics.now = () => data;
      expect(await ask(bent)).toMatchObject(want);
    });

  it('goes under the path of its address, with the query and its secrets', async () => {
    process.env['PROBE_TOKEN'] = 'geheim-token';
    await ask({
      url: `${metrics.url}/mimir/`,
      query: 'up == 1',
      headers: { authorization: 'Bearer ${env:PROBE_TOKEN}' },
    });
    expect(metrics.asked).toMatchObject([{ path: '/mimir/api/v1/query', authorization: 'Bearer geheim-token' }]);
    expect(metrics.asked[0]?.fields.get('query')).toBe('up == 1');
  });
});

describe('trouble of Prometheus is trouble of the probe', () => {
  it('that refuses the query, in its words', async () =>
    expect(await ask({ query: '!!' })).toMatchObject({
      mark: 'error',
      code: '400',
      message: 'Prometheus: invalid parameter "query"',
    }));

  it('that is not there', async () =>
    expect(await ask({ url: 'http://127.0.0.1:1' })).toMatchObject({ mark: 'error' }));

  for (const [name, answer] of [
    ['that is no Prometheus', '<html>'],
    ['that floods', 'x'.repeat(2_000_000)],
  ] as const)
    it(name, async () => {
      const server = createServer((_request, response) => response.end(answer));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await ask({ url })).toMatchObject({ mark: 'error' });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

  it('that hangs, in time', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await ask({ url, timeoutMs: 300 })).toMatchObject({ mark: 'error', code: 'timeout' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the time before', () => {
  it('is one value an interval of the window', async () => {
    metrics.at = (seconds) => (seconds < 1_700_000_000 ? 2 : null);
    const values = await historyOf(
      check({ comparison, intervalMs: 15_000, windowMs: 600_000 }),
      resolveSecret,
      1_700_000_000_000,
    );
    expect(values).toEqual(Array.from({ length: 40 }, () => 2));
    expect(metrics.asked[0]?.fields.get('step')).toBe('15');
  });

  it('is at most sixty values, spread over the whole window', async () => {
    const values = await historyOf(
      check({ comparison, intervalMs: 1_000, windowMs: 1_800_000 }),
      resolveSecret,
      1_700_000_000_000,
    );
    expect(values).toHaveLength(60);
    expect(metrics.asked[0]?.fields.get('step')).toBe('30');
  });

  it('is empty, or says why it cannot be told', async () => {
    metrics.at = () => null;
    expect(await historyOf(check({ comparison }), resolveSecret, Date.now())).toEqual([]);
    expect(await historyOf(check({ comparison, query: '!!' }), resolveSecret, Date.now())).toContain(
      'invalid parameter',
    );
  });
});
