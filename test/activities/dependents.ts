/** Dependents of a real server, in every state that the tests of the probe's activities need; imported by a test file, it sets itself up. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createProbeActivities } from '../../activities/probe.ts';
import type { HttpCheck, Sample, SqlCheck } from '../../domain/check.ts';
import { aHttpCheck, aSqlCheck } from '../probes/builders.ts';
import { useCluster } from '../support/cluster.ts';

export const cluster = useCluster({
  hba: `local all postgres trust
host all postgres 127.0.0.1/32 scram-sha-256
host all all 127.0.2.9/32 reject
host all all 127.0.2.0/24 trust
`,
});
export const where = { target: 'shop-db', changeId: 'c1' };
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A dependent whose answer the tests choose. */
export const shop = { status: 200, asked: 0 };
let service: Server;

beforeAll(async () => {
  service = createServer((_request, response) => {
    shop.asked += 1;
    response.writeHead(shop.status).end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  await admin('create role image_svc login');
});
afterAll(async () => {
  await new Promise((resolve) => service.close(resolve));
});
afterEach(() => {
  shop.status = 200;
  stored.length = 0;
});

export async function admin(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: cluster().url() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

export const stored: Sample[] = [];
export const activities = createProbeActivities({
  resolveSecret: (reference) => Promise.resolve(reference),
  recordSamples: async (_target, _changeId, samples) => void stored.push(...samples),
});

export function pages(bent: Partial<HttpCheck> = {}): HttpCheck {
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
  return aHttpCheck({ name: 'shop/pages', dependent: 'shop', url, intervalMs: 50, timeoutMs: 1_000, ...bent });
}
export function login(bent: Partial<SqlCheck> = {}): SqlCheck {
  return aSqlCheck({ port: cluster().port, sourceAddress: '127.0.2.1', intervalMs: 50, ...bent });
}
export const denied = (bent: Partial<SqlCheck> = {}): SqlCheck => login({ sourceAddress: '127.0.2.9', ...bent });
/** Where nobody listens, for the probe's own reason: not an address of this host. */
export const unmeasurable = (bent: Partial<SqlCheck> = {}): SqlCheck => login({ sourceAddress: '192.0.2.1', ...bent });
