/** What decides who gets in, put together from a configuration: as a snapshot holds it, or as it would be. */
import type { DatabaseEntry, MembershipEntry } from '../catalog.ts';
import type { FileView } from '../conf/conf-tree.ts';
import type { RoleEntry } from '../snapshot.ts';
import { readHba } from './file-rules.ts';
import { readIdent } from './ident-maps.ts';
import type { AccessRole, AccessState, Verifier } from './login.ts';
import { rolesOf } from './roles.ts';

export interface People {
  readonly roles: readonly RoleEntry[];
  readonly memberships: readonly MembershipEntry[];
  readonly databases: readonly DatabaseEntry[];
}

export interface World extends People {
  readonly versionNum: number;
  /** Paths of pg_hba.conf and pg_ident.conf. */
  readonly hba: string;
  readonly ident: string;
  readonly view: FileView;
  /** By lower-cased name; '' when it is not known. */
  readonly setting: (name: string) => string;
  /** Fingerprint → what is stored as the password; null: not known here. */
  readonly secretOf: (fingerprint: string) => string | null;
  readonly interfaces: AccessState['interfaces'];
  /** Unix ms. */
  readonly now: number;
  readonly untold?: string | null;
}

export function accessStateOf(world: World): AccessState {
  const { versionNum, hba, ident, view, setting, interfaces, now } = world;
  const ssl = isOn(setting('ssl'));
  const build = {
    versionNum,
    ssl,
    // What a server on Linux may be built with it is taken to have; where it has not, its own view of the rules says so.
    without: ['sspi', 'bsd'] as const,
    dbUserNamespace: isOn(setting('db_user_namespace')),
    oauthValidators: listOf(setting('oauth_validator_libraries')),
  };
  const roles = world.roles.filter(({ name }) => name !== '').map((role) => accessRole(role, world.secretOf));
  return {
    versionNum,
    rules: readHba(hba, view, build),
    maps: readIdent(ident, view, versionNum),
    listen: setting('listen_addresses'),
    port: setting('port'),
    socketFolders: setting('unix_socket_directories'),
    ssl,
    roles: rolesOf(roles, world.memberships),
    databases: new Map(world.databases.map((database) => [database.name, database])),
    interfaces,
    now,
    ...slotsOf(setting),
    untold: world.untold ?? null,
  };
}

function accessRole(role: RoleEntry, secretOf: World['secretOf']): AccessRole {
  return { ...role, validUntil: untilOf(role.validUntil), verifier: verifierOf(role.verifier, secretOf) };
}

function verifierOf(fingerprint: string | null, secretOf: World['secretOf']): Verifier {
  if (fingerprint === null) return 'none';
  const stored = secretOf(fingerprint);
  if (stored === null) return 'unreadable';
  return stored.startsWith('SCRAM-SHA-256$') ? 'scram-sha-256' : 'md5';
}

/** Unix ms of `2027-01-31T12:00:00.000000Z`; NaN: a date that only PostgreSQL can tell, such as one before Christ. */
function untilOf(text: string | null): number | null {
  if (text === null) return null;
  if (text === '-infinity') return 0;
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** `{}`: a number cannot be read. */
function slotsOf(setting: World['setting']): Pick<AccessState, 'slots'> {
  // Before 16 there are no reserved connections but the superusers'.
  const names = ['max_connections', 'superuser_reserved_connections', 'reserved_connections'];
  const [all = 0, ...reserved] = names.map((name) => Number(setting(name)));
  const slots = reserved.reduce((left, some) => left - some, all);
  return Number.isInteger(slots) && all > 0 ? { slots } : {};
}

/** As the server reads a boolean, any unique beginning of its words included. */
function isOn(value: string): boolean {
  return value !== '' && /^(on|t(r(u(e)?)?)?|y(e(s)?)?|1)$/i.test(value);
}

function listOf(value: string): readonly string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
