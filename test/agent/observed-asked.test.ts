/** Who was seen is asked about, without a word in knowngood.yaml: that would have saved the image service. */
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { askedOf } from '../../domain/access/observed-asked.ts';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster({ hba: 'local all all trust\nhost all all 127.0.0.0/8 trust\n' });
const lab = useAgent(cluster);

const day = 86_400_000;
const seen = (bend: Partial<ObservedPrincipal>): ObservedPrincipal => ({
  user: 'image_svc',
  database: 'postgres',
  address: '127.0.2.7',
  tls: false,
  replication: false,
  applicationName: 'images',
  firstSeen: Date.now() - day,
  lastSeen: Date.now() - 1_000,
  count: 7,
  ...bend,
});

it('a change by which somebody who was seen loses access is refused, and says who', async () => {
  const it = await lab();
  const sql = new pg.Client({ connectionString: cluster().url() });
  await sql.connect();
  await sql.query('create role image_svc login');
  await sql.end();
  const observed = [seen({}), seen({ user: 'long_ago', lastSeen: Date.now() - 31 * day })];
  await it.store.addObserved(it.config.target, observed);
  const snapshot = await it.agent.snapshot({ ...caller, lookOnly: true });
  if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
  const hba = 'local all all trust\nhost all postgres 127.0.0.0/8 trust\n';
  const change = { kind: 'config', files: { 'pg_hba.conf': hba } } as const;
  const request = { target: caller.target, changeId: caller.changeId, change };
  const planned = await it.agent.plan({ ...caller, snapshotId: snapshot.snapshotId, request });
  if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned));
  expect(planned.plan.risk).toBe('refused');
  expect(planned.plan.access?.lost).toMatchObject([{ user: 'image_svc', from: '127.0.2.7', source: 'observed' }]);
  expect(planned.plan.access?.lost[0]?.who[0]).toMatch(/^seen 7 times until 20/);
});

describe('what they are', () => {
  const isMember = (member: string, role: string): boolean => member === 'zabbix' && role === 'pg_monitor';
  it.each([
    [seen({}), { source: 'observed', from: '127.0.2.7' }],
    [seen({ address: null }), { source: 'observed', from: 'local' }],
    [seen({ user: 'zabbix' }), { source: 'monitoring' }],
    [seen({ applicationName: 'pg_dump' }), { source: 'backup' }],
    [seen({ replication: true, database: 'replication' }), { source: 'observed', replication: true }],
    [seen({ replication: true, applicationName: 'pg_basebackup', database: 'replication' }), { source: 'backup' }],
  ])('%j', (one, asked) => expect(askedOf([one], { isMember }, Date.now())).toMatchObject([asked]));

  it('a logical walsender asks for its database', () => {
    const [asked] = askedOf([seen({ replication: true })], { isMember }, Date.now());
    expect(asked).toMatchObject({ database: 'postgres', source: 'observed' });
    expect(asked).not.toHaveProperty('replication');
  });
});
