/** A server whose rules are drawn anew, again and again, and asked from many addresses; it has TLS. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { type Address, parseAddress } from '../../domain/access/address.ts';
import { type FileRule, readHba } from '../../domain/access/file-rules.ts';
import type { AuthBuild } from '../../domain/access/rule.ts';
import { askStartup } from '../../targets/postgres/startup-message.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { selfSigned } from '../support/certificate.ts';
import { eventually } from '../support/processes.ts';

export interface House {
  readonly cluster: Cluster;
  /** A superuser's session by the socket. */
  readonly sql: pg.Client;
  readonly versionNum: number;
  /** In force when it resolves. `files`: beside pg_hba.conf, name → content. */
  load(rules: readonly string[], files?: Readonly<Record<string, string>>): Promise<readonly FileRule[]>;
  /** A new one in the data folder. */
  folder(name: string): void;
  /** Where a connection from there goes to; null: the socket. */
  hostFor(from: string | null): string;
  close(): Promise<void>;
}

export async function openHouse(major: PostgresMajor): Promise<House> {
  const cluster = await createCluster({ major, listenAddresses: '127.0.0.1,::1' });
  const { certificate, key } = selfSigned('server');
  for (const [name, text] of [
    ['server.crt', certificate],
    ['server.key', key],
  ] as const) {
    const path = join(cluster.dataDir, name);
    writeFileSync(path, text, { mode: 0o600 });
    chownSync(path, cluster.systemUser?.uid ?? -1, cluster.systemUser?.gid ?? -1);
  }
  const sql = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database: 'postgres' });
  await sql.connect();
  await sql.query('alter system set ssl = on');
  const { rows } = await sql.query<{ num: number }>(`select current_setting('server_version_num')::int as num`);
  const versionNum = rows[0]?.num ?? 0;
  const build = buildOf(versionNum, true);
  let files = 0;
  return {
    cluster,
    sql,
    versionNum,
    async load(rules, beside = {}) {
      // Answered only once this very file is loaded.
      const marker = `n${(files += 1)}`;
      const text = ['local all postgres trust', `local ${marker} all password`, ...rules, ''].join('\n');
      const path = join(cluster.dataDir, 'pg_hba.conf');
      const all = new Map([
        [path, text],
        ...Object.entries(beside).map(([name, content]) => [join(cluster.dataDir, name), content] as const),
      ]);
      for (const [name, content] of all) writeFileSync(name, content);
      await sql.query('select pg_reload_conf()');
      const where = { host: cluster.socketDir, port: cluster.port, localAddress: null, tls: false, timeoutMs: 5_000 };
      const isLoaded = async (): Promise<boolean> =>
        (await askStartup({ ...where, user: 'anybody', database: marker })).kind === 'cleartext';
      await eventually('the rules are loaded', isLoaded);
      return readHba(path, { read: (name) => all.get(name) ?? null, list: () => null }, build);
    },
    folder(name) {
      mkdirSync(join(cluster.dataDir, name));
      chownSync(join(cluster.dataDir, name), cluster.systemUser?.uid ?? -1, cluster.systemUser?.gid ?? -1);
    },
    hostFor: (from) => (from === null ? cluster.socketDir : from.includes(':') ? '::1' : '127.0.0.1'),
    async close() {
      await sql.end();
      await cluster.remove();
    },
  };
}

/** The servers of the tests are built with TLS, and with nothing else that authenticates. */
export function buildOf(versionNum: number, ssl: boolean): AuthBuild {
  const without = ['gss', 'sspi', 'pam', 'bsd', 'ldap'] as const;
  return { versionNum, ssl, without, dbUserNamespace: false, oauthValidators: [] };
}

export function parse(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is not an address`);
  return parsed;
}

export const interfaces = [
  { address: parse('127.0.0.1'), mask: parse('255.0.0.0') },
  { address: parse('::1'), mask: parse('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') },
];

export const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(','));

const address = pick(
  'all',
  'all',
  'all',
  'all',
  '127.0.0.0/8',
  '127.0.0.0/8',
  '::1/128',
  'samenet',
  'all',
  '127.0.0.0/8',
  '127.0.0.1/32',
  '127.2.0.0/16',
  '127.0.0.0 255.0.0.255',
  '0.0.0.0/0',
  '::1/128',
  '::/0',
  '::ffff:127.0.0.0/104',
  '10.0.0.0/8',
  'samehost',
  'samenet',
  '127.3.2.1/31',
);

/** Lines that load, for these words of databases, users and methods. */
export function ruleLines(
  database: fc.Arbitrary<string>,
  user: fc.Arbitrary<string>,
  method: fc.Arbitrary<string>,
): fc.Arbitrary<string[]> {
  const type = pick('host', 'host', 'host', 'host', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc');
  const rule = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(type, some(database), some(user), address, method) },
    // Else hardly anybody would get in.
    { weight: 4, arbitrary: method.map((one) => ['host', 'all', 'all', 'all', one]) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('local'), some(database), some(user), method) },
  );
  return fc.array(
    rule.map((words) => words.join(' ')),
    { minLength: 1, maxLength: 8 },
  );
}

export const sources = pick('127.0.0.1', '127.0.0.2', '127.2.7.9', '127.3.2.0', '127.3.2.1', '127.9.9.0', '::1', null);
