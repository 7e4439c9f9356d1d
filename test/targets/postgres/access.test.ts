/** Whom a plan asks about by itself: Knowngood's own way in, and whoever replicates now, as the rules know it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ConfigChange } from '../../../domain/change.ts';
import { askedHere } from '../../../targets/postgres/access.ts';
import { Connection } from '../../../targets/postgres/session.ts';
import { useCluster } from '../../support/cluster.ts';
import { query, targetOf } from './server.ts';

const hba = `local all all trust
host all all 127.0.0.0/8 trust
host replication all 127.0.0.0/8 trust
`;
const cluster = useCluster({ hba });

const open: pg.Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
});

async function connected(bend: pg.ClientConfig & { replication?: string }): Promise<pg.Client> {
  const { port, socketDir } = cluster();
  const client = new pg.Client({ host: socketDir, port, user: 'postgres', database: 'postgres', ...bend });
  await client.connect();
  open.push(client);
  return client;
}

describe('asked about without anybody having said so', () => {
  it('are Knowngood itself, and standbys and decoders by the rules that let each of them in', async () => {
    await query(cluster(), 'create role standby login replication');
    await query(cluster(), 'create role decoder login replication');
    await connected({ host: '127.0.0.1', user: 'standby', replication: 'true' });
    await connected({ host: '127.0.0.1', user: 'decoder', replication: 'database' });
    const asked = await askedHere(new Connection(await connected({})));
    expect(asked.toSorted((a, b) => (a.user < b.user ? -1 : 1))).toEqual([
      // Logical: a rule for `replication` is nothing to it, one for its database is.
      expect.objectContaining({ user: 'decoder', database: 'postgres', replication: false, source: 'replication' }),
      expect.objectContaining({ user: 'postgres', from: 'local', replication: false, source: 'knowngood' }),
      expect.objectContaining({ user: 'standby', database: '', replication: true, source: 'replication' }),
    ]);
  });
});

describe('a plan', () => {
  const allow = { settings: [], paths: [], sql: false };
  const plan = async (change: ConfigChange) => {
    const target = targetOf(cluster());
    try {
      const planned = await target.plan(await target.capture(), change, allow, [
        { user: 'postgres', database: 'postgres', from: '127.0.0.1', tls: false, source: 'declared', who: [] },
      ]);
      if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned));
      return planned.plan.summary;
    } finally {
      await target.close();
    }
  };

  it('by which the server listens to nobody any more loses who comes over the network', async () => {
    const { access, risk } = await plan({ kind: 'config', settings: { listen_addresses: '' }, restart: 'allowed' });
    expect(access?.lost).toMatchObject([{ source: 'knowngood' }]);
    expect(risk).toBe('refused');
  });

  it('that leaves fewer connections says how many', async () => {
    const { access, reasons } = await plan({ kind: 'config', settings: { max_connections: 20 }, restart: 'allowed' });
    expect(access?.fewer).toEqual({ before: 97, after: 17 });
    expect(reasons?.map(({ text }) => text)).toContain('17 connections for everybody but superusers, 97 before');
  });

  it('that only reloads loses nobody by what somebody else has left for a restart', async () => {
    await query(cluster(), "alter system set listen_addresses = ''");
    try {
      const { access, risk } = await plan({ kind: 'config', settings: { work_mem: '5MB' } });
      expect(access).toMatchObject({ lost: [], unknown: [] });
      expect(risk).toBe('low');
    } finally {
      await query(cluster(), 'alter system reset listen_addresses');
    }
  });
});
