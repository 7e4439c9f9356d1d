/** Our rows of pg_hba.conf and pg_ident.conf beside those of real servers, on files that are drawn at random: no difference at all. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { type HbaRow, readHba, rowsOf } from '../../domain/access/file-rules.ts';
import { type IdentRow, identRowsOf, readIdent } from '../../domain/access/ident-maps.ts';
import type { FileView } from '../../domain/conf/conf-tree.ts';
import type { AuthBuild } from '../../domain/access/rule.ts';
import { normalise } from '../../domain/conf/paths.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { type AuthFiles, hbaFiles, identFiles, withoutLoops } from './auth-files.ts';
import { buildOf } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
/** Every day the same files; the full suite draws new ones, and prints the seed of what fails. */
const seeded = full ? {} : { seed: 20240412 };
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [14, 16, 18];
const filesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 20_000 : 170));

/** What differed once: a path that leads through a file is not one that does not exist. */
const found: readonly AuthFiles[] = [
  'include_if_exists names.txt/a',
  'include names.txt/a',
  'host @names.txt/a all all trust',
].map((line) => ({
  'main.conf': `${line}\n`,
  'names.txt': '',
  'sub/more.txt': '',
  'sub/one.conf': '',
  'sub/two.conf': '',
  'sub/.hidden.conf': 'host all all all trust\n',
  'loop.txt': 'include loop.txt\n',
}));

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
      await sql.query(`alter system set ident_file = '${folder}/main.conf'`);
      await sql.end();
      await cluster.restart();
      sql = new pg.Client({ connectionString: cluster.url() });
      await sql.connect();
      const { rows } = await sql.query<{ num: number; ssl: boolean }>(
        `select current_setting('server_version_num')::int as num, current_setting('ssl')::bool as ssl`,
      );
      const [{ num, ssl } = { num: 0, ssl: false }] = rows;
      build = buildOf(num, ssl);
    }, 60_000);
    afterAll(async () => {
      await sql?.end();
      await cluster?.remove();
    });

    function write(files: AuthFiles): void {
      for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content, 'latin1');
    }

    function viewOf(files: AuthFiles): FileView {
      const inside = (path: string): string => path.slice(folder.length + 1);
      return {
        read: (path: string) => (path.startsWith(`${folder}/`) ? (files[inside(path)] ?? null) : null),
        list: (path: string) => {
          if (normalise(path) !== join(folder, 'sub') && normalise(path) !== folder) return null;
          const names = Object.keys(files).filter((name) => dirname(join(folder, name)) === path);
          return names.map((name) => name.slice(name.lastIndexOf('/') + 1));
        },
      };
    }

    async function theirRules(): Promise<readonly HbaRow[]> {
      const columns = 'line_number, type, database, user_name, address, netmask, auth_method, options, error';
      const { rows } = await sql.query<HbaRow>(
        major >= 16
          ? `select rule_number, file_name, ${columns} from pg_hba_file_rules`
          : `select case when error is null then row_number() over (partition by error is null order by n) end::int as rule_number,
               '${folder}/main.conf' as file_name, ${columns}
             from pg_hba_file_rules() with ordinality as r(${columns}, n) order by n`,
      );
      return rows;
    }

    async function theirMaps(): Promise<readonly IdentRow[]> {
      const columns = 'line_number, map_name, sys_name, pg_username, error';
      const { rows } = await sql.query<IdentRow>(
        major >= 16
          ? `select map_number, file_name, ${columns} from pg_ident_file_mappings`
          : `select case when error is null then row_number() over (partition by error is null order by n) end::int as map_number,
               '${folder}/main.conf' as file_name, ${columns}
             from pg_ident_file_mappings() with ordinality as m(${columns}, n) order by n`,
      );
      return rows;
    }

    async function compare<Row>(
      drawn: fc.Arbitrary<AuthFiles>,
      ours: (main: string, view: FileView) => readonly Row[],
      theirs: () => Promise<readonly Row[]>,
    ): Promise<void> {
      const property = fc.asyncProperty(major < 16 ? withoutLoops(drawn) : drawn, async (files) => {
        write(files);
        const rows = ours(join(folder, 'main.conf'), viewOf(files));
        // Content is one char a byte; the server answers in UTF-8.
        expect(JSON.parse(Buffer.from(JSON.stringify(rows), 'latin1').toString('utf8'))).toEqual(await theirs());
      });
      await fc.assert(property, { numRuns: filesEach, examples: found.map((files) => [files]), ...seeded });
    }

    const patience = full ? 3_600_000 : 60_000;
    it(
      'shows the same rules',
      () => compare(hbaFiles, (main, view) => rowsOf(readHba(main, view, build)), theirRules),
      patience,
    );

    // 14 has no such view.
    if (major > 14)
      it(
        'shows the same maps',
        () => compare(identFiles, (main, view) => identRowsOf(readIdent(main, view, build.versionNum)), theirMaps),
        patience,
      );
  });
