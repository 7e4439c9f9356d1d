/** The roles and databases of PostgreSQL's own authentication tests, as a server has them and as a snapshot would show them. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readIdent } from '../../domain/access/ident-maps.ts';
import type { AccessRole, AccessState } from '../../domain/access/login.ts';
import { rolesOf } from '../../domain/access/roles.ts';
import type { DatabaseEntry, MembershipEntry } from '../../domain/catalog.ts';
import { type House, interfaces } from './house.ts';

/** Whoever runs the tests: as whom a server knows who comes by its socket. */
export const systemUser = userInfo().username;

const role = (name: string, more: Partial<AccessRole> = {}): AccessRole => ({
  name,
  superuser: false,
  inherit: true,
  login: true,
  replication: false,
  connectionLimit: -1,
  validUntil: null,
  verifier: 'scram-sha-256',
  ...more,
});
const roles: readonly AccessRole[] = [
  role('scram_role'),
  role('scram_role_iter'),
  role('md5_role', { verifier: 'md5' }),
  role('md5,role', { verifier: 'md5' }),
  role('the_group'),
  role('member', { superuser: true }),
  role('no_member', { superuser: true }),
  role('mapped'),
  role('mapped_group', { login: false }),
  role('literal\\1'),
  role(systemUser),
];
const memberships = [
  ['member', 'the_group'],
  ['mapped', 'mapped_group'],
  ['mapped', 'literal\\1'],
] as const;
const databases = ['postgres', 'regex_testdb', 'the_group', 'pre', 'pos', 'listed_1', 'listed_2'] as const;

export async function furnish({ sql, versionNum }: House): Promise<void> {
  for (const { name, superuser, login, verifier } of roles) {
    await sql.query(`set password_encryption = '${verifier}'`);
    const words = `${superuser ? 'superuser' : 'nosuperuser'} ${login ? 'login' : 'nologin'} password 'pass'`;
    if (name === 'scram_role_iter' && versionNum >= 160000) await sql.query('set scram_iterations = 1024');
    await sql.query(`create role "${name}" ${words}`);
  }
  for (const [one, of] of memberships) await sql.query(`grant "${of}" to "${one}"`);
  for (const name of databases.slice(1)) await sql.query(`create database ${name}`);
}

export const stateOf = ({ versionNum, cluster }: House, rules: AccessState['rules'], ident: string): AccessState => ({
  versionNum,
  rules,
  maps: readIdent(
    join(cluster.dataDir, 'pg_ident.conf'),
    { read: (name) => (name.endsWith('/pg_ident.conf') ? ident : null), list: () => null },
    versionNum,
  ),
  listen: '127.0.0.1,::1',
  ssl: true,
  roles: rolesOf(
    roles,
    memberships.map(([member, of]): MembershipEntry => ({
      role: of,
      member,
      grantor: 'postgres',
      admin: false,
      inherit: versionNum >= 160000 ? true : null,
      set: versionNum >= 160000 ? true : null,
    })),
  ),
  databases: new Map(databases.map((name) => [name, openTo(name)])),
  interfaces,
  now: Date.now(),
});

function openTo(name: string): DatabaseEntry {
  return {
    name,
    owner: 'postgres',
    connectionLimit: -1,
    allowConnections: true,
    isTemplate: false,
    tablespace: 'pg_default',
    acl: ['=Tc/postgres', 'postgres=CTc/postgres'],
    aclIsNull: true,
  };
}

/** A real login by the socket, or by TCP with TLS; the SQLSTATE of what stops it, null: it is in. */
export async function login(
  { cluster }: House,
  { user, database, tls }: { readonly user: string; readonly database: string; readonly tls: boolean },
): Promise<string | null> {
  const client = new pg.Client({
    host: tls ? '127.0.0.1' : cluster.socketDir,
    port: cluster.port,
    user,
    database,
    password: 'pass',
    ssl: tls ? { rejectUnauthorized: false } : false,
  });
  try {
    await client.connect();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
