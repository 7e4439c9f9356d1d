/** A watch that is cut off by anything but its workflow: it hands over its counters and leaves the soak unended. */
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createProbeActivities } from '../../activities/probe.ts';
import type { ProbeActivities } from '../../activities/contract.ts';
import type { CheckProgress } from '../../domain/check.ts';
import { aTcpCheck } from '../probes/builders.ts';

const { watch } = createProbeActivities({
  resolveSecret: (reference) => Promise.resolve(reference),
  recordSamples: () => Promise.resolve(),
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let server: Server;
beforeAll(async () => {
  server = createServer((socket) => socket.resume().on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

function watching(env: MockActivityEnvironment): ReturnType<ProbeActivities['watch']> {
  const check = aTcpCheck({ port: (server.address() as AddressInfo).port, intervalMs: 50 });
  const soak = { settleUntil: 0, progress: [], ignore: [], holding: false };
  return env.run(watch, { target: 'shop-db', changeId: 'c1', checks: [check], ...soak }) as ReturnType<typeof watch>;
}

describe('a watch that is interrupted is no watch that is over', () => {
  for (const [name, reason, details] of [
    ['the worker shuts down', 'WORKER_SHUTDOWN', { workerShutdown: true }],
    ['somebody pauses it in the UI', 'PAUSED', { paused: true }],
    ['somebody resets it in the UI', 'RESET', { reset: true }],
  ] as const)
    it(`fails, to be tried again, with its newest counters in the heartbeat, when ${name}`, async () => {
      const env = new MockActivityEnvironment();
      const beats: (readonly CheckProgress[])[] = [];
      env.on('heartbeat', (progress: readonly CheckProgress[]) => beats.push(progress));
      const result = watching(env);
      result.catch(() => undefined);
      await pause(400);
      env.cancel(reason, new ActivityCancellationDetails(details));
      await expect(result).rejects.toMatchObject({ name: 'CancelledFailure' });
      expect(beats.at(-1)?.[0]?.passes).toBeGreaterThan(3);

      const next = new MockActivityEnvironment({ heartbeatDetails: beats.at(-1), attempt: 2 });
      const resumed = watching(next);
      await pause(200);
      next.cancel('CANCELLED');
      const { verdict, progress } = await resumed;
      expect(verdict).toBeNull();
      expect(progress[0]?.passes).toBeGreaterThan(beats.at(-1)?.[0]?.passes ?? 0);
      expect(progress[0]?.firstAt).toBe(beats.at(-1)?.[0]?.firstAt);
    });
});
