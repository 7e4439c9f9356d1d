/** What makes a baseline dirty, on the oldest and the newest major: each reason is named, with what to do about it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { look } from '../../../targets/postgres/capture.ts';
import { partsOf } from '../../../targets/postgres/options.ts';
import { type Session, SqlChannel } from '../../../targets/postgres/sql-channel.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { selfSigned } from '../../support/certificate.ts';
import { edit, query, reverted, targetOf, targetOptions } from './server.ts';

interface Case {
  readonly name: string;
  readonly from?: number;
  readonly codes: readonly string[];
  readonly make: (cluster: Cluster) => Promise<unknown>;
}

const append = (path: string, line: string) => (cluster: Cluster) => edit(cluster, path, (text) => `${text}${line}\n`);
const reload = (cluster: Cluster): Promise<unknown> => query(cluster, 'select pg_reload_conf()');
const then =
  (...steps: readonly Case['make'][]): Case['make'] =>
  async (cluster) => {
    for (const step of steps) await step(cluster);
  };

const cases: readonly Case[] = [
  {
    name: 'a setting waits for a restart',
    codes: ['pending-restart'],
    make: then(append('postgresql.conf', 'max_connections = 77'), reload),
  },
  {
    name: 'ALTER SYSTEM was not followed by a reload',
    codes: ['file-not-loaded'],
    make: (cluster) => query(cluster, "alter system set work_mem = '9MB'"),
  },
  {
    name: 'settings that go by older names are as good as any',
    codes: [],
    make: then(append('postgresql.conf', "sort_mem = 5MB\nVacuum_Mem = 70MB\nssl_ecdh_curve = 'secp384r1'"), reload),
  },
  {
    name: 'a setting that goes by an older name waits for a reload',
    codes: ['file-not-loaded'],
    make: append('postgresql.conf', 'sort_mem = 5MB'),
  },
  {
    name: 'a command that is not shown while archiving is off is as good as any',
    codes: [],
    make: then(append('postgresql.conf', "archive_command = 'cp %p /archive/%f'"), reload),
  },
  { name: 'a value is none', codes: ['file-error'], make: then(append('postgresql.conf', 'work_mem = lots'), reload) },
  { name: 'an include is missing', codes: ['file-error'], make: append('postgresql.conf', "include 'nowhere.conf'") },
  {
    name: 'postgresql.auto.conf is broken',
    codes: ['file-error'],
    make: append('postgresql.auto.conf', 'no equals sign here'),
  },
  {
    name: 'a rule would not load',
    codes: ['hba-would-not-load'],
    make: then(append('pg_hba.conf', 'host all all nowhere/99 md5'), reload),
  },
  {
    name: 'a list that a rule names is missing',
    codes: ['hba-would-not-load'],
    make: then(append('pg_hba.conf', 'host all @nobody.lst 127.0.0.1/32 md5'), reload),
  },
  {
    name: 'a file that the rules include is missing',
    from: 16,
    codes: ['hba-would-not-load'],
    make: then(append('pg_hba.conf', 'include nowhere.conf'), reload),
  },
  {
    name: 'the rules were changed after the last load',
    codes: ['access-file-not-loaded'],
    make: append('pg_hba.conf', '#'),
  },
  {
    name: 'a list that a rule names was changed after the last load',
    codes: ['access-file-not-loaded'],
    make: then(
      append('users.lst', 'app'),
      append('pg_hba.conf', 'host all @users.lst 127.0.0.1/32 md5'),
      reload,
      // The kernel stamps files with a clock that moves every few ms: what follows within one tick is told apart by nobody.
      () => sleep(20),
      append('users.lst', 'other'),
    ),
  },
  {
    name: 'somebody has set the time of the rules back',
    codes: ['access-file-not-loaded'],
    make: then(append('pg_hba.conf', '#'), (cluster) => utimes(join(cluster.dataDir, 'pg_hba.conf'), 1, 1)),
  },
  {
    name: 'the maps were changed after the last load',
    codes: ['access-file-not-loaded'],
    make: append('pg_ident.conf', 'm a b'),
  },
  {
    name: 'a map would not load',
    codes: ['ident-would-not-load'],
    make: then(append('pg_ident.conf', 'only two'), reload),
  },
  {
    name: 'TLS is on without its files',
    codes: ['file-not-loaded', 'tls-would-not-load', 'tls-would-not-load'],
    make: append('postgresql.conf', 'ssl = on'),
  },
  {
    name: 'TLS was turned on, and the server could not follow',
    codes: ['tls-would-not-load', 'tls-would-not-load'],
    make: then(append('postgresql.conf', 'ssl = on'), reload),
  },
];

describe.each([14, 18] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  let clean: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major });
    target = targetOf(cluster);
    clean = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });
  afterEach(async () => {
    const { remaining } = await reverted(target, clean, null);
    const { dirty } = await target.capture();
    if (remaining.length + dirty.length > 0) throw new Error(JSON.stringify([remaining, dirty]));
  });

  it.each(cases.filter(({ from = 0 }) => major >= from).map((one) => [one.name, one] as const))(
    '%s',
    async (_, one) => {
      expect(clean.dirty).toEqual([]);
      await one.make(cluster);
      const { dirty } = await target.capture();
      expect(dirty.map(({ code }) => code)).toEqual(one.codes);
      for (const problem of dirty) {
        expect(problem.message).not.toBe('');
        expect(problem.hint).toMatch(/\.$/);
      }
    },
  );

  it('a CA that was changed after the last load, with a certificate that is served', async () => {
    const { certificate, key } = selfSigned('server');
    await edit(cluster, 'server.crt', () => certificate);
    await edit(cluster, 'server.key', () => key);
    await edit(cluster, 'ca.pem', () => certificate);
    await chmod(join(cluster.dataDir, 'server.key'), 0o600);
    await append('postgresql.conf', "ssl = on\nssl_ca_file = 'ca.pem'")(cluster);
    await reload(cluster);
    expect((await target.capture()).dirty).toEqual([]);
    await edit(cluster, 'ca.pem', () => selfSigned('other').certificate);
    expect((await target.capture()).dirty).toMatchObject([
      { code: 'tls-file-not-loaded', detail: expect.stringContaining('Only the times tell') },
    ]);
  });

  it('is no state at all while somebody keeps writing', async () => {
    const path = join(cluster.dataDir, 'postgresql.conf');
    let writes = 0;
    // In the middle of each reading, however busy this machine is.
    class Written extends SqlChannel {
      override fresh<T>(work: (session: Session) => Promise<T>): Promise<T> {
        return super.fresh((session) =>
          work({
            rows: (...asked) => session.rows(...asked),
            async script(statements) {
              writes += 1;
              await utimes(path, new Date(), new Date(writes * 1_000));
              return session.script(statements);
            },
          }),
        );
      }
    }
    const { endpoint, digest } = partsOf(targetOptions(cluster));
    const sql = new Written(endpoint);
    try {
      await expect(look(sql, digest)).rejects.toMatchObject({
        problem: { code: 'torn-reading', detail: expect.stringContaining('postgresql.conf') },
      });
      expect(writes).toBeGreaterThanOrEqual(5);
    } finally {
      await sql.close();
    }
  });
});
