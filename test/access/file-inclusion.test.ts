/** The cases of PostgreSQL's 004_file_inclusion: what is included, in which order, and from where a relative path counts. */
import { chownSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type FileRule, type HbaRow, readHba, rowsOf } from '../../domain/access/file-rules.ts';
import { type IdentRow, identRowsOf, readIdent } from '../../domain/access/ident-maps.ts';
import { type MatchFacts, firstMatch } from '../../domain/access/match.ts';
import type { FileView } from '../../domain/conf/conf-tree.ts';
import { askStartup } from '../../targets/postgres/startup-message.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { buildOf } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors: readonly PostgresMajor[] = full ? [16, 17, 18] : [16, 18];

const rejects = (...databases: readonly string[]): string =>
  databases.map((database) => `local ${database} all reject\n`).join('');
const maps = (...names: readonly string[]): string => names.map((name) => `${name} foo bar\n`).join('');

const files: Readonly<Record<string, string>> = {
  // The superuser first: the tests ask the server.
  'rules/main.conf': [
    'local all postgres trust',
    'include ../pre.conf',
    'local middle all reject',
    'include ../pos/pos.conf',
    'include_if_exists ../some/none',
    'include_if_exists ../some/some',
    'include_dir ../folder',
    'local @../lists/names all reject',
    'local all all trust',
    '',
  ].join('\n'),
  'pre.conf': rejects('pre'),
  // Relative to the file that says it.
  'pos/pos.conf': `${rejects('pos')}include pos2.conf\n`,
  'pos/pos2.conf': rejects('pos2', 'pos3'),
  'some/some': rejects('if_some'),
  'folder/01_z.conf': 'local dir_z all reject\nlocal first all reject\n',
  'folder/02_a.conf': 'local dir_a all reject\nlocal first all trust\n',
  'folder/10.conf': rejects('dir_10'),
  'folder/9.conf': rejects('dir_9'),
  'folder/garbage': 'should not be included\n',
  'folder/.hidden.conf': 'should not be included\n',
  'lists/names': 'db1\n@deeper/more\ndb3\n',
  'lists/deeper/more': '"db 2", @most # and no more\n',
  'lists/deeper/most': 'db4',
  'maps/main.conf':
    'include ../ident_pre\ntest a b\ninclude ../ident_pos/pos\ninclude_if_exists ../some/none\ninclude_if_exists ../some/map\ninclude_dir ../map_folder\n',
  ident_pre: maps('pre'),
  'ident_pos/pos': `${maps('pos')}include pos2\n`,
  'ident_pos/pos2': maps('pos2', 'pos3'),
  'some/map': maps('if_some'),
  'map_folder/01_z.conf': maps('dir_z'),
  'map_folder/02_a.conf': maps('dir_a'),
  'map_folder/garbage': 'should not be included\n',
};

describe.each(majors)('PostgreSQL %d', (major) => {
  let cluster: Cluster;
  let sql: pg.Client;
  let versionNum: number;
  let rules: readonly FileRule[];
  const inData = (path: string): string => join(cluster.dataDir, path);

  beforeAll(async () => {
    cluster = await createCluster({ major });
    const [uid, gid] = [cluster.systemUser?.uid ?? -1, cluster.systemUser?.gid ?? -1];
    for (const [path, content] of Object.entries(files)) {
      for (const folder of foldersOf(path)) {
        mkdirSync(inData(folder), { recursive: true });
        chownSync(inData(folder), uid, gid);
      }
      writeFileSync(inData(path), content);
    }
    sql = new pg.Client(cluster.url());
    await sql.connect();
    await sql.query(`alter system set hba_file = '${inData('rules/main.conf')}'`);
    await sql.query(`alter system set ident_file = '${inData('maps/main.conf')}'`);
    await sql.end();
    await cluster.restart();
    sql = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database: 'postgres' });
    await sql.connect();
    const { rows } = await sql.query<{ num: number }>(`select current_setting('server_version_num')::int as num`);
    versionNum = rows[0]?.num ?? 0;
    rules = readHba(inData('rules/main.conf'), onDisk, buildOf(versionNum, false));
  }, 60_000);
  afterAll(async () => {
    await sql?.end();
    await cluster?.remove();
  });

  it('the rules come in this order', () => {
    expect(rules.map(({ rule }) => rule?.databases.map(({ text }) => text).join())).toEqual([
      'all',
      'pre',
      'middle',
      'pos',
      'pos2',
      'pos3',
      'if_some',
      'dir_z',
      'first',
      'dir_a',
      'first',
      'dir_10',
      'dir_9',
      'db1,db 2,db4,db3',
      'all',
    ]);
  });

  it('the server shows the same rules', async () => {
    const { rows } = await sql.query<HbaRow>('select * from pg_hba_file_rules');
    expect(rowsOf(rules)).toEqual(rows);
  });

  it('the server shows the same maps, in this order', async () => {
    const { rows } = await sql.query<IdentRow>('select * from pg_ident_file_mappings');
    const ours = identRowsOf(readIdent(inData('maps/main.conf'), onDisk, versionNum));
    expect(ours).toEqual(rows);
    expect(ours.map((row) => row.map_name)).toEqual([
      'pre',
      'test',
      'pos',
      'pos2',
      'pos3',
      'if_some',
      'dir_z',
      'dir_a',
    ]);
  });

  for (const [database, method] of [
    ...[
      'pre',
      'middle',
      'pos',
      'pos2',
      'pos3',
      'if_some',
      'dir_z',
      'dir_a',
      'dir_10',
      'dir_9',
      'db1',
      'db 2',
      'db4',
      'db3',
    ].map((name) => [name, 'reject'] as const),
    ['first', 'reject'],
    ['another', 'trust'],
  ] as const)
    it(`who comes to ${database} meets ${method}`, async () => {
      const loaded = rules.flatMap(({ rule }) => rule ?? []);
      const match = firstMatch(
        loaded,
        { user: 'somebody', database, address: null, encryption: 'none', replication: false },
        { versionNum, roleExists: () => true, isMember: () => false, interfaces: null } satisfies MatchFacts,
      );
      expect(match.kind === 'rule' ? match.rule.method : match.kind).toBe(method);
      const { message } = await askStartup({
        host: cluster.socketDir,
        port: cluster.port,
        localAddress: null,
        tls: false,
        timeoutMs: 5_000,
        user: 'somebody',
        database,
      });
      expect(message?.startsWith('pg_hba.conf rejects connection') ?? false).toBe(method === 'reject');
    });
});

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersOf(folder), folder];
}

const orNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch {
    return null;
  }
};
const onDisk: FileView = {
  read: (path) => orNull(() => readFileSync(path, 'latin1')),
  list: (path) => orNull(() => readdirSync(path)),
};
