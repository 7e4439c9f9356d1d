/** Checks whose access is cut on a scratch server: which of them would have noticed. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SqlCheck, TcpCheck } from '../../../../domain/check.ts';
import type { CheckToProve, Proofs } from '../../../../domain/proof.ts';
import { measure } from '../../../../probes/measure.ts';
import type { Captured, Target } from '../../../../targets/target.ts';
import { useCluster } from '../../../support/cluster.ts';
import { query, targetOf } from '../server.ts';

const common = {
  dependent: 'images',
  team: null,
  level: 'required',
  intervalMs: 1_000,
  timeoutMs: 5_000,
  thresholds: { failures: 3, errors: 5, successes: 1 },
  location: 'default',
} as const;

function aCheck(name: string, bend: Partial<SqlCheck> = {}): SqlCheck {
  return {
    ...common,
    name: `images/${name}`,
    kind: 'sql',
    host: 'db.example',
    port: 5432,
    database: 'shop',
    user: 'image_svc',
    password: '${env:NOT_HERE}',
    query: 'select 1',
    sslmode: 'verify-full',
    sslrootcert: '/not/here',
    sourceAddress: '10.0.0.1',
    ...bend,
  };
}

for (const major of [14, 18] as const)
  describe(`a negative control on PostgreSQL ${major}`, () => {
    const cluster = useCluster({ major });
    let records = '';
    let target: Target;
    let before: Captured;
    beforeAll(async () => {
      records = await mkdtemp(join(tmpdir(), 'knowngood-records-'));
      await query(cluster(), "create role image_svc login password 'x'");
      await query(cluster(), "create role boss superuser login password 'x'");
      await query(cluster(), 'create role asleep nologin');
      await query(cluster(), 'grant pg_execute_server_program to image_svc');
      await query(cluster(), 'create database shop');
      target = targetOf(cluster());
      before = await target.capture();
    });
    afterAll(async () => {
      await target.close();
      await rm(records, { recursive: true });
    });
    const proven = (checks: readonly CheckToProve[], timeoutMs = 60_000): Promise<Proofs> =>
      target.prove({
        before,
        checks,
        measure: (check, password) => measure(check, () => Promise.resolve(password)),
        records,
        folder: null,
        timeoutMs,
      });

    it('tells checks that notice from those that do not', async () => {
      const cut = ['image_svc'];
      const tcp: TcpCheck = { ...common, name: 'images/port', kind: 'tcp', host: 'db.example', port: 5432 };
      const { proofs, findings } = await proven([
        { check: tcp, cut },
        { check: aCheck('login'), cut },
        { check: aCheck('table', { query: 'select 1 from images limit 1' }), cut },
        { check: aCheck('somebody-else', { user: 'boss' }), cut },
        { check: aCheck('asleep', { user: 'asleep' }), cut: ['asleep'] },
        { check: aCheck('nowhere', { database: 'nowhere' }), cut },
      ]);
      expect(findings.every(({ ok }) => ok === true)).toBe(true);
      expect(Object.fromEntries(proofs.map(({ check, result }) => [check, result]))).toEqual({
        'images/port': 'sensitive',
        'images/login': 'sensitive',
        'images/table': 'sensitive',
        'images/somebody-else': 'insensitive',
        'images/asleep': 'unproven',
        'images/nowhere': 'unproven',
      });
      expect(proofs.find(({ check }) => check === 'images/login')?.why).toBe('red with 28000 once image_svc is denied');
    });

    it('gives nobody power over the host by the query of a check', async () => {
      const touched = join('/tmp', `knowngood-touched-${process.pid}-${major}`);
      const harm = `commit; copy (select 1) to program 'touch ${touched}'`;
      const { proofs } = await proven([
        { check: aCheck('boss', { user: 'boss', query: harm }), cut: ['boss'] },
        { check: aCheck('program', { query: harm }), cut: ['image_svc'] },
        { check: aCheck('set-role', { user: 'boss', query: `commit; set role image_svc; ${harm}` }), cut: ['boss'] },
      ]);
      expect(proofs.map(({ result }) => result)).toEqual(['unproven', 'unproven', 'unproven']);
      expect(proofs.every(({ why }) => /COPY|permission denied/.test(why))).toBe(true);
      await expect(stat(touched)).rejects.toThrow('ENOENT');
    });

    it('leaves nothing behind, whenever its time is over', async () => {
      for (const timeoutMs of [1, 5, 20, 50]) {
        await proven([{ check: aCheck('login'), cut: ['image_svc'] }], timeoutMs);
        expect({ timeoutMs, left: await readdir(records) }).toEqual({ timeoutMs, left: [] });
      }
    });

    it('says of every check why it could not be asked', async () => {
      const { proofs } = await proven([{ check: aCheck('login'), cut: ['image_svc'] }], 100);
      expect(proofs).toMatchObject([{ result: 'unproven', why: 'the rehearsal was not over after 0.1 s' }]);
      expect(await readdir(records)).toEqual([]);
    });
  });
