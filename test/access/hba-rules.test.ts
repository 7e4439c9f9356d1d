/** Our rows of pg_hba.conf beside those of real servers, on files that are drawn at random: no difference at all. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { type HbaRow, readHba, rowsOf } from '../../domain/access/file-rules.ts';
import type { AuthBuild } from '../../domain/access/rule.ts';
import { normalise } from '../../domain/conf/paths.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { type AuthFiles, hbaFiles, withoutLoops } from './auth-files.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [14, 16, 18];
const filesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 20_000 : 170));

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let cluster: Cluster;
    let sql: pg.Client;
    let folder: string;
    let build: AuthBuild;

    beforeAll(async () => {
      cluster = await createCluster({ major });
      folder = join(cluster.dataDir, 'drawn');
      mkdirSync(join(folder, 'sub'), { recursive: true });
      for (const path of [folder, join(folder, 'sub')])
        chownSync(path, cluster.systemUser?.uid ?? -1, cluster.systemUser?.gid ?? -1);
      sql = new pg.Client({ connectionString: cluster.url() });
      await sql.connect();
      // The view reads the file that the setting names, whether it loads or not; the running rules stay.
      write({ 'main.conf': 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n' });
      await sql.query(`alter system set hba_file = '${folder}/main.conf'`);
      await sql.end();
      await cluster.restart();
      sql = new pg.Client({ connectionString: cluster.url() });
      await sql.connect();
      const { rows } = await sql.query<{ num: number; ssl: boolean }>(
        `select current_setting('server_version_num')::int as num, current_setting('ssl')::bool as ssl`,
      );
      const [{ num, ssl } = { num: 0, ssl: false }] = rows;
      const without = ['gss', 'sspi', 'pam', 'bsd', 'ldap'] as const;
      build = { versionNum: num, ssl, without, dbUserNamespace: false, oauthValidators: [] };
    }, 60_000);
    afterAll(async () => {
      await sql?.end();
      await cluster?.remove();
    });

    function write(files: AuthFiles): void {
      for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content, 'latin1');
    }

    function ours(files: AuthFiles): readonly HbaRow[] {
      const inside = (path: string): string => path.slice(folder.length + 1);
      const view = {
        read: (path: string) => (path.startsWith(`${folder}/`) ? (files[inside(path)] ?? null) : null),
        list: (path: string) => {
          if (normalise(path) !== join(folder, 'sub') && normalise(path) !== folder) return null;
          const names = Object.keys(files).filter((name) => dirname(join(folder, name)) === path);
          return names.map((name) => name.slice(name.lastIndexOf('/') + 1));
        },
      };
      return rowsOf(readHba(join(folder, 'main.conf'), view, build));
    }

    async function theirs(): Promise<readonly HbaRow[]> {
      const columns = 'line_number, type, database, user_name, address, netmask, auth_method, options, error';
      const { rows } = await sql.query<HbaRow>(
        major >= 16
          ? `select rule_number, file_name, ${columns} from pg_hba_file_rules`
          : `select case when error is null then row_number() over (partition by error is null order by n) end::int as rule_number,
               '${folder}/main.conf' as file_name, ${columns} from pg_hba_file_rules with ordinality as r(${columns}, n) order by n`.replace(
              'pg_hba_file_rules with',
              'pg_hba_file_rules() with',
            ),
      );
      return rows;
    }

    it(
      'shows the same rows',
      async () => {
        await fc.assert(
          fc.asyncProperty(major < 16 ? withoutLoops : hbaFiles, async (files) => {
            write(files);
            const utf8 = JSON.parse(Buffer.from(JSON.stringify(ours(files)), 'latin1').toString('utf8')) as unknown;
            expect(utf8).toEqual(await theirs());
          }),
          { numRuns: filesEach, endOnFailure: false },
        );
      },
      full ? 3_600_000 : 60_000,
    );
  });
