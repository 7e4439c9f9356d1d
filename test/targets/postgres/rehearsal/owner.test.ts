/** An agent that runs as the server's own user, as the units of systemd have it; the other tests run it as root, where they can. */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useCluster } from '../../../support/cluster.ts';
import { packageRoot } from '../../../../worker/stack/package-root.ts';
import { run } from '../../../../worker/stack/run.ts';
import { query } from '../server.ts';

for (const major of [15, 16, 17] as const)
  describe(`beside PostgreSQL ${major}`, () => {
    const cluster = useCluster({ major });

    it('rehearses in its own state folder', async () => {
      const user = cluster().systemUser;
      const folder = mkdtempSync('/tmp/knowngood-owner-');
      const state = join(folder, 'state');
      mkdirSync(state, { mode: 0o700 });
      chmodSync(folder, 0o755);
      if (user) chownSync(state, user.uid, user.gid);
      const built = join(packageRoot, 'dist/targets/postgres/target.js');
      const readable = await run('/bin/sh', ['-c', 'test -r "$1"', 'sh', built], { user, cwd: '/' });
      // A checkout in a closed home: the server's user cannot run it.
      if (readable.code !== 0) return;
      await query(cluster(), 'create role image_svc login');
      const connection = `postgresql://postgres@/postgres?host=${cluster().socketDir}&port=${cluster().port}`;
      const source = `
        process.umask(0o077);
        const { createPostgresTarget } = await import('${built}');
        const options = { database: { connection: '${connection}', password: null }, password: null, key: Buffer.alloc(32), restart: null };
        const target = createPostgresTarget(options);
        const before = await target.capture();
        const plan = { steps: [{ do: 'alter-system', name: 'work_mem', literals: ['5MB'] }, { do: 'reload' }] };
        const principals = [{ user: 'image_svc', database: 'postgres', address: null, tls: false }];
        const limits = { records: '${state}/rehearsal', folder: null, timeoutMs: 60000 };
        const rehearsal = await target.rehearse({ before, plan, principals, ...limits });
        await target.close();
        console.log(JSON.stringify(rehearsal));`;
      const ran = await run(process.execPath, ['--input-type=module', '-e', source], {
        user,
        cwd: '/',
        env: { PATH: process.env['PATH'] },
      });
      const answer = JSON.parse(ran.output) as { findings: { what: string; ok: boolean | null }[] };
      expect(answer).toMatchObject({ problems: [] });
      expect(answer.findings.at(-1)).toEqual({ what: 'the revert leads back, exactly', ok: true });
      // A role without a password is denied here as it is there.
      expect(answer.findings.filter(({ ok }) => ok !== true)).toMatchObject([{ problem: { code: 'denied-before' } }]);
      expect(readdirSync(join(state, 'rehearsal'))).toEqual([]);
      expect(existsSync(join(cluster().dataDir, 'postmaster.pid'))).toBe(true);
      expect(readFileSync(cluster().logFile, 'utf8')).not.toContain('received SIGHUP');
      rmSync(folder, { recursive: true });
    });
  });
