/** Candidates on scratch servers of the live server's own version, and what is left of them: nothing. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rehearsal } from '../../../../domain/rehearsal.ts';
import { rehearse, type RehearseInput } from '../../../../targets/postgres/rehearsal/rehearse.ts';
import { createPostgresTarget } from '../../../../targets/postgres/target.ts';
import type { Captured, ChangeStep, Target } from '../../../../targets/target.ts';
import { useCluster } from '../../../support/cluster.ts';
import { query, targetOf } from '../server.ts';

const hba = `# TYPE  DATABASE  USER      ADDRESS        METHOD
local   all       postgres                 trust
local   all       all                      scram-sha-256
host    all       all       127.0.0.0/8    scram-sha-256
`;

for (const major of [14, 18] as const)
  describe(`on PostgreSQL ${major}`, () => {
    const cluster = useCluster({ major, hba });
    let records = '';
    let target: Target;
    let before: Captured;
    beforeAll(async () => {
      records = await mkdtemp(join(tmpdir(), 'knowngood-records-'));
      await query(cluster(), "create role image_svc login password 'x'");
      await query(cluster(), 'create database shop');
      target = targetOf(cluster());
      before = await target.capture();
    });
    afterAll(async () => {
      await target.close();
      expect(await readdir(records)).toEqual([]);
      await rm(records, { recursive: true });
    });
    const tried = async (steps: readonly ChangeStep[], bend: Partial<RehearseInput> = {}): Promise<Rehearsal> => {
      const principals = [{ user: 'image_svc', database: 'shop', address: '127.0.0.9', tls: false }];
      const input = { before, plan: { steps }, principals, records, folder: null, timeoutMs: 20_000, ...bend };
      return rehearse(input, createPostgresTarget);
    };
    const written = (name: string, change: (text: string) => string): ChangeStep => {
      const path = join(cluster().dataDir, name);
      const text = before.files.find((file) => file.path === path)?.bytes.toString('utf8') ?? '';
      return { do: 'write-file', path, base64: Buffer.from(change(text)).toString('base64'), expectDigest: null };
    };

    it('finds nothing wrong with a good one', async () => {
      const rehearsal = await tried([
        written('postgresql.conf', (text) => `${text}work_mem = 9MB\n`),
        { do: 'alter-system', name: 'max_connections', literals: ['57'] },
        { do: 'restart' },
      ]);
      console.log(JSON.stringify(rehearsal, null, 1));
      expect(rehearsal.problems).toEqual([]);
      expect(rehearsal.findings.filter(({ ok }) => ok !== true)).toEqual([]);
    });
  });
