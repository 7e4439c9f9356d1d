import { describe, expect, it } from '@jest/globals';
import { changesBetween } from '../../../domain/upgrade/changes.ts';
import { type NewServer, translateConf } from '../../../domain/upgrade/conf.ts';
import { mapPlaces, type Places } from '../../../domain/upgrade/places.ts';
import { translateAccess } from '../../../domain/upgrade/access.ts';

const debian = (major: number): Places => ({
  dataDirectory: `/var/lib/postgresql/${major}/main`,
  paths: {
    config: `/etc/postgresql/${major}/main/postgresql.conf`,
    hba: `/etc/postgresql/${major}/main/pg_hba.conf`,
    ident: `/etc/postgresql/${major}/main/pg_ident.conf`,
  },
});
const inOne = (folder: string): Places => ({
  dataDirectory: folder,
  paths: { config: `${folder}/postgresql.conf`, hba: `${folder}/pg_hba.conf`, ident: `${folder}/pg_ident.conf` },
});

function newServer(from: number, to: number, rest: Partial<NewServer> = {}): NewServer {
  return {
    major: to,
    changes: changesBetween(from, to),
    mapPath: mapPlaces(debian(from), debian(to)),
    own: new Map([
      ['data_directory', '/var/lib/postgresql/17/main'],
      ['hba_file', null],
      ['cluster_name', '17/main'],
    ]),
    known: null,
    rules: new Map([
      ['wal_compression', { vartype: 'enum', unit: null, minVal: null, maxVal: null, enumvals: ['pglz', 'on', 'off'] }],
    ]),
    ...rest,
  };
}

describe('a path of the old server on the new one', () => {
  it.each([
    ['the main file', '/etc/postgresql/16/main/postgresql.conf', '/etc/postgresql/17/main/postgresql.conf'],
    ['a file beside it', '/etc/postgresql/16/main/conf.d/a.conf', '/etc/postgresql/17/main/conf.d/a.conf'],
    [
      'the auto file',
      '/var/lib/postgresql/16/main/postgresql.auto.conf',
      '/var/lib/postgresql/17/main/postgresql.auto.conf',
    ],
    ['a key in the data directory', '/var/lib/postgresql/16/main/server.key', '/var/lib/postgresql/17/main/server.key'],
    ['a file of the host stays', '/etc/ssl/certs/db.pem', '/etc/ssl/certs/db.pem'],
    ['a folder that only begins like it stays', '/etc/postgresql/16/main2/x', '/etc/postgresql/16/main2/x'],
  ])('%s', (_, from, to) => expect(mapPlaces(debian(16), debian(17))(from)).toBe(to));

  it('leads from a data directory that holds all to a configuration of its own', () => {
    const map = mapPlaces(inOne('/data'), debian(17));
    expect(map('/data/pg_hba.conf')).toBe('/etc/postgresql/17/main/pg_hba.conf');
    expect(map('/data/postgresql.auto.conf')).toBe('/var/lib/postgresql/17/main/postgresql.auto.conf');
  });
});

describe('a line of the old configuration for the new version', () => {
  const out = (why: string, line: string): string => `# knowngood: ${why}; it stood here before the upgrade:\n#${line}`;

  it.each([
    // name, from, to, before, after
    ['that says the same stays to the byte', 16, 17, '  work_mem  =  8MB   # sorts', '  work_mem  =  8MB   # sorts'],
    ['that is a comment stays', 16, 17, '#old_snapshot_threshold = 1', '#old_snapshot_threshold = 1'],
    ['that is broken stays as broken as it was', 16, 17, 'work_mem = = 1', 'work_mem = = 1'],
    [
      'that the new version removed becomes a comment with the reason',
      16,
      17,
      'old_snapshot_threshold = 60',
      out('PostgreSQL 17 has no setting "old_snapshot_threshold"', 'old_snapshot_threshold = 60'),
    ],
    [
      'that a version in between removed becomes a comment too',
      14,
      18,
      "Stats_Temp_Directory = '/run/x'",
      out('PostgreSQL 15 has no setting "stats_temp_directory"', "Stats_Temp_Directory = '/run/x'"),
    ],
    ['that the old version had removed already is none of its concern', 17, 18, 'x.y = 1', 'x.y = 1'],
    ['that was renamed has its new name', 15, 16, 'force_parallel_mode = on # why', 'debug_parallel_query = on # why'],
    ['that was renamed with an alias stays', 17, 18, "ssl_ecdh_curve = 'prime256v1'", "ssl_ecdh_curve = 'prime256v1'"],
    [
      'whose value the new server refuses becomes a comment',
      16,
      17,
      'wal_compression = lz4',
      out('PostgreSQL 17 refuses this value of "wal_compression"', 'wal_compression = lz4'),
    ],
    ['whose value it takes stays', 16, 17, 'wal_compression = on', 'wal_compression = on'],
    [
      'that names the data directory names the new one',
      16,
      17,
      "data_directory = '/var/lib/postgresql/16/main'\t\t# use data in another directory",
      "data_directory = '/var/lib/postgresql/17/main'\t\t# use data in another directory",
    ],
    ['that names the cluster has the new name', 16, 17, "cluster_name = '16/main'", "cluster_name = '17/main'"],
    [
      'that names a place which the new server is not told is left out',
      16,
      17,
      "hba_file = '/etc/postgresql/16/main/pg_hba.conf'",
      out(
        '"hba_file" named the old server, and the new one is not told by it',
        "hba_file = '/etc/postgresql/16/main/pg_hba.conf'",
      ),
    ],
    [
      'that names a file beside the configuration follows it',
      16,
      17,
      "ssl_cert_file '/etc/postgresql/16/main/db.crt' # ours",
      "ssl_cert_file '/etc/postgresql/17/main/db.crt' # ours",
    ],
    [
      'that includes by its full name follows it',
      16,
      17,
      "include_dir = '/etc/postgresql/16/main/conf.d'",
      "include_dir = '/etc/postgresql/17/main/conf.d'",
    ],
    ['that includes by a relative name stays', 16, 17, "include_dir 'conf.d'", "include_dir 'conf.d'"],
  ])('%s', (_, from, to, before, after) => {
    const surrounding = (line: string): string => `# first\n${line}\n\nport = 5432\n`;
    expect(translateConf(surrounding(before), newServer(from, to)).content).toBe(surrounding(after));
  });

  it('is left out when the new server does not know it, and kept when it cannot be asked', () => {
    const line = 'made_up_by_a_fork = 1\n';
    expect(translateConf(line, newServer(16, 17)).content).toBe(line);
    const known = new Set(['work_mem']);
    expect(translateConf(`${line}sort_mem = 1\next.x = 1\n`, newServer(16, 17, { known }))).toMatchObject({
      content: expect.stringContaining(`#${line}sort_mem = 1\next.x = 1\n`),
      notes: [{ kind: 'left-out', name: 'made_up_by_a_fork' }],
    });
  });

  it('is translated once: what was translated is translated to itself', () => {
    const server = newServer(16, 17);
    const text =
      "old_snapshot_threshold = 1\ndata_directory = '/var/lib/postgresql/16/main'\nhba_file='/x'\nwork_mem=1MB\n";
    const { content } = translateConf(text, server);
    expect(translateConf(content, server)).toEqual({ content, notes: [] });
  });
});

describe('an access file', () => {
  const translated = (content: string): string =>
    translateAccess(content, debian(16), mapPlaces(debian(16), debian(17))).content;

  it.each([
    [
      'keeps its rules to the byte',
      'host all all 10.0.0.0/8 scram-sha-256 # x\n',
      'host all all 10.0.0.0/8 scram-sha-256 # x\n',
    ],
    ['keeps relative lists', 'local @admins all peer\n', 'local @admins all peer\n'],
    [
      'follows lists and includes by their full name',
      'local all @/etc/postgresql/16/main/admins,x peer\ninclude "/etc/postgresql/16/main/more.conf"\n',
      'local all @/etc/postgresql/17/main/admins,x peer\ninclude "/etc/postgresql/17/main/more.conf"\n',
    ],
    [
      'leaves longer names alone',
      'local all @/etc/postgresql/16/main/a peer\nlocal all @/etc/postgresql/16/main/ab peer\n',
      'local all @/etc/postgresql/17/main/a peer\nlocal all @/etc/postgresql/17/main/ab peer\n',
    ],
  ])('%s', (_, before, after) => expect(translated(before)).toBe(after));
});
