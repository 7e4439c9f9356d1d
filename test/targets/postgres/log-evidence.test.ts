/** What real servers' logs say around an incident, in each of their formats, restart and time zone included. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { logLine } from '../../../domain/report/server-log.ts';
import type { Target } from '../../../targets/target.ts';
import type { Cluster, PostgresMajor } from '../../../worker/stack/cluster.ts';
import { useCluster } from '../../support/cluster.ts';
import { eventually } from '../../support/processes.ts';
import { query, targetOf } from './server.ts';

const targets: Target[] = [];
afterEach(async () => {
  for (const target of targets.splice(0)) await target.close();
});

async function read(cluster: Cluster, since: number, until = Date.now()) {
  const target = targetOf(cluster);
  targets.push(target);
  const { lines, ...rest } = await target.logLines({ since, until });
  return { lines: lines.map(logLine), ...rest };
}

const logs: readonly (readonly [PostgresMajor, string, Readonly<Record<string, string>>])[] = [
  [14, 'stderr that is a file, in a zone far from here', { log_timezone: 'Asia/Kathmandu' }],
  [15, "stderr with Debian's prefix", { log_line_prefix: '%m [%p] %q%u@%d ' }],
  [16, 'a collected csvlog', { logging_collector: 'on', log_destination: 'csvlog' }],
  [17, 'a collected jsonlog', { logging_collector: 'on', log_destination: 'jsonlog' }],
  [18, 'stderr with times since the epoch', { log_line_prefix: '%n [%p] ' }],
];

describe.each(logs)('PostgreSQL %i with %s', (major, _, settings) => {
  const cluster = useCluster({ major, settings });
  it('tells of a restart, a change and a denial, and of nothing that was typed', async () => {
    const since = Date.now();
    await query(cluster(), "alter system set work_mem to '8MB'");
    await query(cluster(), 'select pg_reload_conf()');
    await query(cluster(), "do $$ begin raise warning 'odd'; end $$");
    await query(cluster(), "select 'geheim'::int").catch(() => undefined);
    await query(cluster(), "alter role nobody password 'geheim'").catch(() => undefined);
    await cluster().restart();
    const settled = async (): Promise<boolean> =>
      (await read(cluster(), since)).lines.filter((line) => line.includes('is ready')).length > 0;
    await eventually('the lines', settled, 10_000);
    const { lines, others, unread } = await read(cluster(), since);
    expect(unread).toBe('');
    const text = lines.join('\n');
    expect(text).toContain('LOG: received SIGHUP, reloading configuration files');
    expect(text).toContain('LOG: parameter "work_mem" changed to "8MB"');
    expect(text).toMatch(/LOG: database system is ready to accept connections$/m);
    expect(text).toContain('ERROR: role "nobody" does not exist');
    expect(text).not.toMatch(/geheim|invalid input|odd/);
    expect(others).toBeGreaterThanOrEqual(2);
    expect((await read(cluster(), since - 120_000, since - 60_000)).lines).toEqual([]);
  });
});

describe('a server whose log cannot be had', () => {
  const cluster = useCluster({});
  it('is said, in a sentence', async () => {
    const target = targetOf(cluster());
    targets.push(target);
    expect((await target.logLines({ since: Number.NaN, until: 0 })).unread).toBe('the time asked for is none.');
    await cluster().stop();
    expect((await target.logLines({ since: 0, until: Date.now() })).unread).not.toBe('');
  });
});
