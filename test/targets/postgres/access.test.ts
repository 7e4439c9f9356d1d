/** Whom a plan asks about by itself: Knowngood's own way in, and whoever replicates now, as the rules know it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { askedHere } from '../../../targets/postgres/access.ts';
import { Connection } from '../../../targets/postgres/session.ts';
import { useCluster } from '../../support/cluster.ts';
import { query } from './server.ts';

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
