/** The way back to an earlier snapshot, by SQL: grants, roles, policies, whole or in part. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Captured, PlannedChange, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { nothingAllowed, silent, targetOf, unfenced } from './server.ts';

let cluster: Cluster;
let target: Target;
let old: Captured;

beforeAll(async () => {
  cluster = await createCluster({ major: 17, hba: 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n' });
  target = targetOf(cluster);
  await run('postgres', "create role image_svc login password 'first'", 'create role reader', 'create database shop');
  await run('postgres', 'create role owner_a');
  await run('shop', 'create table images (id int)', 'create table orders (id int)');
  await run('shop', 'grant select on images to image_svc', 'alter table orders enable row level security');
  await run('shop', 'create policy mine on orders for select to image_svc using (id > 0)');
  await run('postgres', 'grant reader to image_svc', "alter role image_svc set work_mem = '9MB'");
  old = await target.capture();
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});
beforeEach(async () => {
  await run('shop', 'revoke all on images from image_svc', 'drop policy if exists mine on orders');
  await run('shop', 'create policy mine on orders for select to image_svc using (id > 1)');
  await run(
    'postgres',
    'alter role image_svc nologin connection limit 3 password null',
    'alter role image_svc reset all',
  );
  await run('postgres', 'revoke reader from image_svc', 'alter database shop connection limit 1');
});

async function run(database: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client(cluster.url('postgres', database));
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function planned(only?: readonly string[]): Promise<PlannedChange> {
  const restore = { snapshot: old.snapshot?.id ?? '', ...(only === undefined ? {} : { only }) };
  const answer = await target.planRestore(await target.capture(), old, restore, { allowance: nothingAllowed });
  if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems, null, 2));
  return answer.plan;
}

const itemKeys = ({ summary }: PlannedChange): readonly string[] => summary.items.map(({ key }) => key);

describe('restoring what SQL decides', () => {
  it('makes the whole snapshot what it was, passwords included, which nobody is shown', async () => {
    const plan = await planned();
    expect(plan.summary.diff).toContain('+grant select on table public.images to image_svc;');
    expect(JSON.stringify(plan.summary)).not.toContain('SCRAM-SHA-256$');
    await target.apply(plan, unfenced, silent);
    const after = await target.capture();
    expect(after.snapshot?.hashes).toEqual(old.snapshot?.hashes);
    const image = new pg.Client({
      host: '127.0.0.1',
      port: cluster.port,
      user: 'image_svc',
      database: 'shop',
      password: 'first',
    });
    await image.connect();
    await image.query('select * from images');
    await image.end();
  });

  it('one item goes back, the others stay', async () => {
    const plan = await planned(['object:shop:table:public.images']);
    expect(itemKeys(plan)).toEqual(['object:shop:table:public.images']);
    await target.apply(plan, unfenced, silent);
    expect(itemKeys(await planned())).toEqual(
      expect.arrayContaining(['role:image_svc', 'database:shop', 'policy:shop:public.orders:mine']),
    );
    expect(itemKeys(await planned())).not.toContain('object:shop:table:public.images');
  });

  it('what goes back takes nothing along that was not meant', async () => {
    await run('shop', 'grant update (id) on orders to image_svc', 'grant select on orders to image_svc');
    await run('postgres', 'grant reader to owner_a');
    const only = ['object:shop:table:public.orders', 'membership:reader/image_svc/postgres'];
    const plan = await planned(only);
    expect(plan.summary.diff).not.toContain('owner_a');
    await target.apply(plan, unfenced, silent);
    const client = new pg.Client(cluster.url('postgres', 'shop'));
    await client.connect();
    const { rows } = await client.query(
      `select has_table_privilege('image_svc', 'orders', 'select') as read,
              has_column_privilege('image_svc', 'orders', 'id', 'update') as write,
              pg_has_role('image_svc', 'reader', 'member') as member,
              pg_has_role('owner_a', 'reader', 'member') as other`,
    );
    await client.end();
    expect(rows).toEqual([{ read: false, write: true, member: true, other: true }]);
    await run('shop', 'revoke all on orders from image_svc');
    await run('postgres', 'revoke reader from owner_a');
  });

  it('patterns name many at once', async () => {
    const plan = await planned(['policy:*', 'database:shop']);
    expect([...itemKeys(plan)].sort()).toEqual(['database:shop', 'policy:shop:public.orders:mine']);
  });
});
