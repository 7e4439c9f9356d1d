/** A small shop, as a snapshot holds it: its owner, a service, and who guards it. */
import type { ObjectEntry } from '../../../domain/catalog.ts';
import type { SqlCheck } from '../../../domain/check.ts';
import { type Prober, probersOf } from '../../../domain/least-privilege/prober.ts';
import { type AgentRoles, type RolesWanted, rolesScript } from '../../../domain/least-privilege/script.ts';
import type { RoleEntry, Sections, SettingEntry } from '../../../domain/snapshot.ts';
import { newRole } from '../../../domain/snapshot/new-role.ts';
import { parseSql } from '../../../targets/postgres/sql-parser.ts';

export function aRole(name: string, bend: Partial<RoleEntry> = {}): RoleEntry {
  return newRole(name, { login: true, ...bend });
}

export function anObject(kind: ObjectEntry['kind'], name: string, owner: string, acl: readonly string[]): ObjectEntry {
  return { kind, name, owner, acl, aclIsNull: false };
}

const settings = (
  [
    ['archive_command', 'sighup'],
    ['block_size', 'internal'],
    ['log_min_duration_statement', 'superuser'],
    ['max_connections', 'postmaster'],
    ['shared_preload_libraries', 'postmaster'],
    ['work_mem', 'user'],
    ...['log_duration', 'log_min_error_statement', 'log_statement'].map((name) => [name, 'superuser'] as const),
  ] as const
).map(([name, context]): SettingEntry => ({
  name,
  context,
  value: '',
  unit: null,
  source: 'default',
  sourceFile: null,
  sourceLine: null,
  pendingRestart: false,
}));

export function shop(versionNum: number, bend: Partial<Sections> = {}): Sections {
  const version = `${Math.floor(versionNum / 10_000)}.${versionNum % 10_000}`;
  const inherit = versionNum >= 160_000 ? true : null;
  return {
    server: { version, versionNum, systemIdentifier: '1', dataDirectory: '/data', inRecovery: false },
    files: [],
    settings,
    roles: [
      aRole('image_svc', { settings: { '': ['log_min_duration_statement=250', 'work_mem=8MB'] } }),
      aRole('postgres', { superuser: true }),
      aRole('shop_owner', { login: false }),
    ],
    memberships: [
      { role: 'shop_owner', member: 'image_svc', grantor: 'postgres', admin: false, inherit, set: inherit },
    ],
    databases: [
      {
        name: 'shop',
        owner: 'shop_owner',
        connectionLimit: -1,
        allowConnections: true,
        isTemplate: false,
        tablespace: 'pg_default',
        acl: ['=Tc/shop_owner', 'shop_owner=CTc/shop_owner'],
        aclIsNull: true,
      },
    ],
    shared: [],
    catalogs: [
      {
        database: 'shop',
        unread: null,
        objects: [
          anObject('schema', 'app', 'shop_owner', ['shop_owner=UC/shop_owner']),
          anObject('schema', 'public', 'pg_database_owner', ['=U/pg_database_owner']),
          anObject('table', 'app.images', 'shop_owner', ['image_svc=r/shop_owner']),
          anObject('table', 'public.orders', 'shop_owner', []),
        ],
        defaults: [],
        rowSecurity: [],
        extensions: [],
      },
    ],
    ...bend,
  };
}

export function aCheck(query: string, bend: Partial<SqlCheck> = {}): SqlCheck {
  return {
    kind: 'sql',
    name: 'images/login',
    dependent: 'images',
    team: null,
    level: 'required',
    intervalMs: 1,
    timeoutMs: 1,
    thresholds: { failures: 1, errors: 1, successes: 1 },
    location: 'default',
    host: 'db',
    port: 5432,
    database: 'shop',
    user: 'knowngood_prober',
    password: null,
    query,
    sslmode: 'disable',
    sslrootcert: null,
    sourceAddress: null,
    ...bend,
  };
}

export async function probers(...checks: readonly SqlCheck[]): Promise<readonly Prober[]> {
  const parsed = await parseSql(checks.map(({ database, query }) => ({ database, statement: query })));
  return probersOf(checks, parsed, ['knowngood_prober']);
}

export function agentRoles(sections: Sections, bend: Partial<AgentRoles> = {}): AgentRoles {
  return {
    version: sections.server.version,
    versionNum: sections.server.versionNum,
    database: 'postgres',
    reader: 'knowngood_reader',
    reverter: 'knowngood_reverter',
    databases: ['postgres', 'shop', 'template1'],
    settings: sections.settings,
    allowed: [],
    sections,
    sql: true,
    passwords: false,
    cluster: null,
    ...bend,
  };
}

export function script(agent: AgentRoles | null, bend: Partial<RolesWanted> = {}): string {
  return rolesScript({ target: 'shop-db', agent, probers: [], services: [], ...bend });
}
