/** A large house: rules, roles, memberships, databases and those who want in; always the same. */
import { parseAddress } from '../../domain/access/address.ts';
import { readHba, type FileRule } from '../../domain/access/file-rules.ts';
import type { AccessRole, AccessState, Principal } from '../../domain/access/login.ts';
import { rolesOf } from '../../domain/access/roles.ts';
import type { DatabaseEntry, MembershipEntry } from '../../domain/catalog.ts';

export const versionNum = 170000;
const [roleCount, groupCount, databaseCount] = [2_000, 40, 100];

/** One in five for a group, one in fifty a regular expression, the last one for everybody. */
export function hbaText(rules: number): string {
  const lines = Array.from({ length: rules - 1 }, (_, at) => {
    const database =
      at % 11 === 0 ? 'all' : at % 13 === 0 ? 'sameuser' : `db_${at % databaseCount},db_${(at * 7) % databaseCount}`;
    const user =
      at % 5 === 0
        ? `+team_${at % groupCount}`
        : at % 50 === 1
          ? `/^app_${at % 10}[0-9]$`
          : `app_${(at * 3) % roleCount}`;
    const type = at % 4 === 0 ? 'hostssl' : at % 97 === 0 ? 'local' : 'host';
    const address = type === 'local' ? '' : `10.${at % 200}.${(at * 5) % 256}.0/${16 + (at % 9)} `;
    return `${type} ${database} ${user} ${address}${at % 17 === 0 ? 'reject' : 'scram-sha-256'} # ${at}`;
  });
  return [...lines, 'hostssl all all 10.0.0.0/8 scram-sha-256', ''].join('\n');
}

export function parsed(text: string): readonly FileRule[] {
  const path = '/pg/pg_hba.conf';
  const view = { read: (name: string) => (name === path ? text : null), list: () => null };
  return readHba(path, view, { versionNum, ssl: true, without: [], dbUserNamespace: false, oauthValidators: [] });
}

export function stateOf(rules: readonly FileRule[]): AccessState {
  const names = [
    ...Array.from({ length: roleCount }, (_, at) => `app_${at}`),
    ...Array.from({ length: groupCount }, (_, at) => `team_${at}`),
  ];
  const roles = names.map((name): AccessRole => ({
    name,
    superuser: false,
    inherit: true,
    login: true,
    replication: false,
    connectionLimit: -1,
    validUntil: null,
    verifier: 'scram-sha-256',
  }));
  const memberships = Array.from({ length: roleCount }, (_, at): MembershipEntry => ({
    role: `team_${at % groupCount}`,
    member: `app_${at}`,
    grantor: 'postgres',
    admin: false,
    inherit: true,
    set: true,
  }));
  const databases = Array.from({ length: databaseCount }, (_, at): DatabaseEntry => ({
    name: `db_${at}`,
    owner: 'postgres',
    connectionLimit: -1,
    allowConnections: true,
    isTemplate: false,
    tablespace: 'pg_default',
    acl: [
      'postgres=CTc/postgres',
      ...Array.from({ length: groupCount / 2 }, (_unused, team) => `team_${team * 2}=c/postgres`),
    ],
    aclIsNull: false,
  }));
  return {
    versionNum,
    rules,
    listen: '*',
    ssl: true,
    roles: rolesOf(roles, memberships),
    databases: new Map(databases.map((database) => [database.name, database])),
    interfaces: null,
    now: 0,
  };
}

export function principals(count: number): readonly Principal[] {
  return Array.from({ length: count }, (_, at): Principal => ({
    user: `app_${(at * 17) % roleCount}`,
    database: `db_${(at * 31) % databaseCount}`,
    address: parseAddress(`10.${at % 250}.${(at * 7) % 256}.${(at * 13) % 256}`),
    tls: at % 3 !== 0,
    certificate: false,
  }));
}
