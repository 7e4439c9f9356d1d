/** A change of an RDS instance's parameter group, and its revert: moto serves the API, a real PostgreSQL is the instance. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RdsConfig } from '../../../../domain/config.ts';
import { createRdsOwner } from '../../../../targets/managed/rds/owner.ts';
import { createManagedTarget } from '../../../../targets/managed/target.ts';
import type { Target } from '../../../../targets/target.ts';
import { type StandIn, credentials, master, startRds } from '../../../support/rds.ts';
import { applied, nothingAllowed, reverted } from '../../postgres/server.ts';

const key = randomBytes(32);
Object.assign(process.env, credentials);

let rds: StandIn;
let target: Target;
const others: Target[] = [];

function targetOf(bend: Partial<RdsConfig> = {}): Target {
  const made = createManagedTarget({
    owner: createRdsOwner({ ...rds.config, ...bend }),
    database: { connection: `postgresql://${master.user}@/postgres?sslmode=disable`, password: null },
    password: master.password,
    key,
  });
  others.push(made);
  return made;
}

beforeAll(async () => {
  rds = await startRds();
  target = targetOf();
}, 240_000);

afterAll(async () => {
  await Promise.all(others.map((one) => one.close()));
  await rds?.close();
});

afterEach(() => {
  rds.fault = () => null;
});

describe('an RDS instance', () => {
  it('is guardable by a master user who is no superuser, and its snapshot is the same twice', async () => {
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
    const before = await target.capture();
    expect(before.dirty).toEqual([]);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  });

  it('takes settings at once, and gives them back', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '64MB', TimeZone: 'Europe/Berlin' } });
    expect(await rds.show('work_mem')).toBe('64MB');
    expect(await rds.declared('work_mem')).toBe('65536');
    const change = await target.capture();
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(await rds.show('work_mem')).toBe('4MB');
    expect(await rds.declared('work_mem')).toBeNull();
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  }, 60_000);
});
