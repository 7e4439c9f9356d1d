/** A change of a real Patroni cluster, and its revert: one leader and two standbys. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPatroniOwner } from '../../../../targets/managed/patroni/owner.ts';
import { createManagedTarget } from '../../../../targets/managed/target.ts';
import type { Target } from '../../../../targets/target.ts';
import { type PatroniCluster, login, startPatroni, superuserPassword } from '../../../support/patroni.ts';
import { applied, reverted } from '../../postgres/server.ts';

const key = randomBytes(32);

describe('a Patroni cluster', () => {
  let cluster: PatroniCluster;
  let target: Target;

  beforeAll(async () => {
    cluster = await startPatroni();
    const { endpoints } = cluster;
    const owner = createPatroniOwner(
      { endpoints, username: login.username, password: null, tls: null },
      login.password,
    );
    const database = { connection: 'postgresql://postgres@/postgres?sslmode=disable', password: null };
    target = createManagedTarget({ owner, database, password: superuserPassword, key });
    const leader = await cluster.leader();
    await cluster.query(leader, `create role image_svc login password 'image'`);
    await cluster.query(leader, 'create database shop');
  }, 180_000);

  afterAll(async () => {
    await target?.close();
    await cluster?.close();
  });

  beforeEach(() => cluster.settled(), 100_000);

  const show = async (name: string): Promise<readonly string[]> => {
    const rows = await Promise.all(
      cluster.members.map((member) =>
        cluster.query<{ value: string }>(member, `select current_setting('${name}') as value`),
      ),
    );
    return rows.map(([row]) => row?.value ?? '');
  };

  it('is known, and its snapshot is the same twice', async () => {
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
    const before = await target.capture();
    expect(before.dirty).toEqual([]);
    console.log(before.snapshot?.sections.files.map(({ path, text }) => `${path}\n${text}`).join('\n'));
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  });

  it('takes a setting, and gives it back', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB', statement_timeout: '5min' } });
    expect(await show('work_mem')).toEqual(['16MB', '16MB', '16MB']);
    const change = await target.capture();
    const report = await reverted(target, before, change);
    console.log(JSON.stringify(report, (key, value) => (key === 'after' ? undefined : value), 2));
    expect(report.remaining).toEqual([]);
    expect(await show('work_mem')).toEqual(['4MB', '4MB', '4MB']);
    expect(await show('statement_timeout')).toEqual(['0', '0', '0']);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  }, 120_000);
});
