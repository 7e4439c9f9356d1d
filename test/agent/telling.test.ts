/** The agent reads its server's log for a report only where its own configuration lets it. */
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
const lab = useAgent(cluster);
const time = () => ({ since: Date.now() - 60_000, until: Date.now() + 1_000 });

it('tells of who was denied', async () => {
  const { agent } = await lab({ observe: { intervalMs: 60_000, serverLog: true } });
  const stranger = new pg.Client({ connectionString: cluster().url('stranger'), password: 'x' });
  await expect(stranger.connect()).rejects.toThrow('no pg_hba.conf entry');
  const { lines, unread } = await agent.logLines({ ...caller, ...time() });
  expect(unread).toBe('');
  expect(lines.map(({ text }) => text).join('\n')).toContain('stranger');
});

it('tells nothing where agent.yaml does not allow it, and nothing to whom it does not guard for', async () => {
  const { agent } = await lab({ observe: { intervalMs: 60_000, serverLog: false } });
  const told = await agent.logLines({ ...caller, ...time() });
  expect(told).toEqual({ lines: [], more: 0, unread: expect.stringContaining('observe.serverLog') });
  await expect(agent.logLines({ ...caller, target: 'other', ...time() })).rejects.toThrow('guards');
});
