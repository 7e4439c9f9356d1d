/** What an agent needs beyond seeing: to set what a change declares, to load it, and to put roles and grants back. Pure. */
import { isDangerous } from '../conf/settings.ts';
import { quoteName, quoteSetting } from '../revert/sql/quote.ts';
import type { SettingEntry, Sections } from '../snapshot.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import { newRole } from '../snapshot/new-role.ts';
import { type Privilege, grant } from './privilege.ts';
import { seeingPasswords } from './reader.ts';
import { heldByNew, restorables } from './restorable.ts';

export interface SettingsAllowed {
  readonly versionNum: number;
  readonly settings: readonly Pick<SettingEntry, 'name' | 'context'>[];
  /** Dangerous ones that agent.yaml allows by name, in lower case. */
  readonly allowed: readonly string[];
}

/** The agent refuses these, so its role need not be able to. */
export function refusedSettings({ settings, allowed }: Omit<SettingsAllowed, 'versionNum'>): readonly string[] {
  return settings.map(({ name }) => name).filter((name) => isDangerous(name) && !allowed.includes(name.toLowerCase()));
}

/** What a change may set. */
export function changeableSettings({ settings, allowed }: Omit<SettingsAllowed, 'versionNum'>): readonly string[] {
  const refused = new Set(refusedSettings({ settings, allowed }));
  return settings.filter(({ name, context }) => context !== 'internal' && !refused.has(name)).map(({ name }) => name);
}

/** To make a change of settings. A revert needs none of it: it puts the files back. */
export function settingPrivileges(input: SettingsAllowed): readonly Privilege[] {
  if (input.versionNum < 150_000)
    return [
      {
        kind: 'impossible',
        why: 'ALTER SYSTEM is a superuser\'s alone before PostgreSQL 15: "settings" of a change are refused, give "files"',
      },
    ];
  const names = changeableSettings(input);
  if (names.length === 0) return [];
  return [
    grant(
      `alter system on parameter\n${inLines(names.map(quoteSetting))}`,
      '"settings" of a change: what agent.yaml lets a change set',
    ),
  ];
}

export const reloading: Privilege = grant(
  'execute on function pg_reload_conf()',
  'the server is told of new files, also where a signal does not reach it',
);

/** Before 16, CREATEROLE gives itself any role that is no superuser's, pg_execute_server_program too. */
export function isPowerOverHost(versionNum: number): boolean {
  return versionNum < 160_000;
}

export interface OwnRoles {
  readonly reader: string;
  readonly reverter: string;
  /** Its other roles, there or not: as much to be given back as those of others. */
  readonly probers: readonly string[];
}

/** A role's ADMIN option and acting as it are one grant. */
export function sqlPrivileges(sections: Sections, { reader, reverter, probers }: OwnRoles): readonly Privilege[] {
  const missing = [reader, ...probers].filter((name) => !sections.roles.some((role) => role.name === name));
  const roles = [...sections.roles, ...missing.map((name) => newRole(name, { login: true }))];
  const all = restorables({ ...sections, roles }, heldByNew(reverter, reader)).flatMap(({ privileges }) => privileges);
  const members = new Map<string, Extract<Privilege, { kind: 'member' }>>();
  for (const one of all) {
    if (one.kind !== 'member') continue;
    const known = members.get(one.of);
    const [admin, acts] = [one.admin || known?.admin === true, one.acts || known?.acts === true];
    members.set(one.of, { ...one, admin, acts, why: whyMember(acts) });
  }
  const rest = all.filter(({ kind }) => kind !== 'member');
  return [
    seeingPasswords,
    ...rest.filter(({ kind }) => kind === 'attribute'),
    ...[...members.values()].sort((a, b) => Number(a.acts) - Number(b.acts) || byCodeUnit(a.of, b.of)),
    ...settingsOfRoles(sections),
    ...new Map(rest.flatMap((one) => (one.kind === 'impossible' ? [[one.why, one]] : []))).values(),
  ];
}

function whyMember(acts: boolean): string {
  return acts
    ? 'owners and those who granted: what is theirs is given back, and granted again, as them. It can do what they can'
    : 'attributes, passwords, settings and members of roles, without their own privileges';
}

/** Of roles and databases: those that only a superuser sets unless it is granted. And what keeps passwords out of the log. */
function settingsOfRoles({ roles, settings, server }: Sections): readonly Privilege[] {
  if (server.versionNum < 150_000) return [];
  const contexts = new Map(settings.map(({ name, context }) => [name.toLowerCase(), context]));
  const set = roles.flatMap((role) => Object.values(role.settings).flat()).map((one) => one.slice(0, one.indexOf('=')));
  const above = [...new Set(set)].filter((name) => contexts.get(name.toLowerCase()) === 'superuser').sort(byCodeUnit);
  const quiet = Object.keys(quietSettings).filter((name) => contexts.has(name));
  return [
    ...(above.length === 0
      ? []
      : [
          grant(
            `set on parameter ${above.map(quoteSetting).join(', ')}`,
            'roles or databases have these set: to set them again',
          ),
        ]),
    grant(
      `set on parameter ${quiet.map(quoteSetting).join(', ')}`,
      'stored passwords are written back: not for the server log',
    ),
  ];
}

/** What a session that writes verifiers back sets, as far as it may; extensions' own where they are loaded. */
export const quietSettings: Readonly<Record<string, string>> = {
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  'pg_stat_statements.track': 'none',
  'pgaudit.log': 'none',
};

const width = 110;

function inLines(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last === undefined || `${last}, ${name}`.length > width) lines.push(`    ${name}`);
    else lines[lines.length - 1] = `${last}, ${name}`;
  }
  return lines.join(',\n');
}

export function readerMembership(reader: string): Privilege {
  return grant(quoteName(reader), 'all that the reader sees');
}
