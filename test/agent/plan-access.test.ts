/** What a dependent needs inside of its database: lost by the SQL of a plan, or seen to be lost once a change is in force. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Asked } from '../../domain/access/impact.ts';
import type { ConfigChange } from '../../domain/change.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
const lab = useAgent(cluster);
let sql: pg.Client;

beforeAll(async () => {
  sql = new pg.Client({ connectionString: cluster().url() });
  // The server may be gone first.
  sql.on('error', () => undefined);
  await sql.connect();
  await sql.query(`
    create role reader;
    create role image_svc login in role reader;
    create table images (id int, name text);
    create table prices (id int);
    grant select on images to reader;
    grant select (id) on prices to image_svc`);
});
afterAll(() => sql?.end());

const asked: readonly Asked[] = [
  {
    user: 'image_svc',
    database: 'postgres',
    from: 'local',
    tls: false,
    source: 'declared',
    who: ['image-service'],
    needs: [
      { privilege: 'select', on: { kind: 'table', name: 'public.images' } },
      { privilege: 'select', on: { kind: 'column', name: 'public.prices.id' } },
    ],
  },
];

async function planned(it: Lab, change: ConfigChange) {
  const snapshot = await it.agent.snapshot({ ...caller, lookOnly: true });
  if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
  const request = { target: caller.target, changeId: caller.changeId, change };
  const answer = await it.agent.plan({ ...caller, snapshotId: snapshot.snapshotId, request, access: asked });
  if (answer.kind !== 'planned') throw new Error(JSON.stringify(answer));
  return answer.plan;
}

describe('a plan', () => {
  it.each([
    [
      'revoke select on images from reader',
      'select on public.images',
      'image_svc has no SELECT on public.images: granted only to postgres',
    ],
    ['revoke reader from image_svc', 'select on public.images', 'image_svc has no SELECT on public.images'],
    ['revoke all on prices from image_svc', 'select on column public.prices.id', 'image_svc has no SELECT'],
    ['revoke usage on schema public from public', 'select on public.images', 'image_svc has no USAGE on public'],
  ])('%s: loses %s', async (statement, need, why) => {
    const it = await lab({ allow: { settings: [], paths: [], sql: true } });
    const { risk, access, reasons } = await planned(it, { kind: 'config', sql: [{ database: 'postgres', statement }] });
    expect(risk).toBe('refused');
    expect(access?.lost.find((one) => one.need === need)).toMatchObject({
      verdict: 'lost',
      because: [expect.stringContaining(why)],
    });
    expect(reasons?.map(({ text }) => text).join()).toContain(`image_svc in postgres: ${need} (image-service)`);
  });

  it('whose effect on privileges cannot be told beforehand says so', async () => {
    const it = await lab({ allow: { settings: [], paths: [], sql: true } });
    const statement = 'alter table images owner to reader';
    const { risk, access } = await planned(it, { kind: 'config', sql: [{ database: 'postgres', statement }] });
    expect(risk).toBe('high');
    expect(access?.unknown.map(({ need }) => need)).toEqual([
      'select on public.images',
      'select on column public.prices.id',
    ]);
  });

  it('that touches nothing of it says nothing', async () => {
    const it = await lab({ allow: { settings: [], paths: [], sql: true } });
    const statement = 'grant insert on images to reader';
    const { access } = await planned(it, { kind: 'config', sql: [{ database: 'postgres', statement }] });
    expect(access).toMatchObject({ lost: [], gained: [], unknown: [] });
  });
});

describe('a change of somebody else', () => {
  it('is seen to have taken a privilege, as soon as it is in force', async () => {
    const it = await lab();
    const { snapshot, planHash } = await it
      .arm({ kind: 'external' }, { access: asked })
      .then(({ snapshot: taken, planHash: hash }) => ({ snapshot: taken, planHash: hash }));
    expect(planHash).not.toBe('');
    await sql.query('revoke select on images from reader');
    try {
      const applied = await it.agent.captureApplied(caller);
      if (applied.kind !== 'applied') throw new Error(JSON.stringify(applied));
      expect(applied.snapshotId).not.toBe(snapshot.snapshotId);
      expect(applied.plan.access?.lost).toMatchObject([{ user: 'image_svc', need: 'select on public.images' }]);
    } finally {
      await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    }
  });
});
