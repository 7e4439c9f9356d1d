/** The roles of one target as a script for psql that a person can read, strike things from, and run twice. Pure. */
import { oneLine } from '../markdown.ts';
import { quoteLiteral, quoteName } from '../revert/sql/quote.ts';
import type { Sections } from '../snapshot.ts';
import { type OwnedCluster, readingFiles, whereToRun } from './owned.ts';
import { type Privilege, statementOf } from './privilege.ts';
import { type Prober, proberPrivileges } from './prober.ts';
import { connecting, seeingOn } from './reader.ts';
import {
  type SettingsAllowed,
  isPowerOverHost,
  readerMembership,
  reloading,
  settingPrivileges,
  sqlPrivileges,
} from './reverter.ts';

export interface RolesWanted {
  readonly target: string;
  /** null: no agent.yaml was there, and only the roles of checks are told. */
  readonly agent: AgentRoles | null;
  readonly probers: readonly Prober[];
  /** Roles of services, as which checks log in as well. */
  readonly services: readonly string[];
}

export interface AgentRoles extends SettingsAllowed {
  /** `server_version`. */
  readonly version: string;
  /** Of the agent's connection. */
  readonly database: string;
  readonly reader: string;
  /** null: agent.yaml names the reader. */
  readonly reverter: string | null;
  /** Those that let anybody in. */
  readonly databases: readonly string[];
  /** null: not everything could be seen by whoever was asked. */
  readonly sections: Sections | null;
  /** Whether it puts roles and grants back. */
  readonly sql: boolean;
  /** Whether the reader reads password verifiers. */
  readonly passwords: boolean;
  /** null: the configuration is the agent's own to change. */
  readonly cluster: OwnedCluster | null;
}

/** Ends with a line break. */
export function rolesScript({ target, agent, probers, services }: RolesWanted): string {
  const versionNum = agent?.versionNum ?? 0;
  const cluster = agent?.cluster ?? null;
  const databases = [...new Set(probers.flatMap((prober) => [...prober.databases.keys()]))];
  const [first, ...others] = [...new Set([...(agent === null ? [] : [agent.database]), ...databases])];
  const inside = (database: string): readonly string[] =>
    probers.flatMap((prober) => proberIn(database, prober, versionNum));
  return text([
    ...comment(
      `Roles of Knowngood for target ${target}${agent === null ? '' : ` (PostgreSQL ${agent.version})`}, as printed by "knowngood doctor --sql".`,
      'Read it, strike out what you do not want to give, and run it with psql as a superuser. It may be run again.',
      ...(cluster === null ? [] : [whereToRun(cluster)]),
      '"knowngood doctor --sql --drop" prints how all of it is taken away.',
      `No password stands here. Set one with \\password in psql, or let a role in by certificate or peer; and pg_hba.conf has to let it in${cluster === null ? '' : ' at every member'}: a prober from where its checks run, the others to every database from the agent's host.`,
    ),
    '\\set ON_ERROR_STOP on',
    ...(first === undefined
      ? ['']
      : transaction(first, [
          ...(agent === null ? [] : readerPart(agent)),
          ...probers.flatMap(proberRole),
          ...inside(first),
          ...(agent === null || agent.reverter === null ? [] : reverterPart(agent, agent.reverter, probers)),
        ])),
    ...others.flatMap((database) => transaction(database, inside(database))),
    ...services.flatMap((role) =>
      comment(
        `${role} is a service's own role, as which a check logs in: that it has what the service has is what is checked.`,
      ),
    ),
  ]);
}

function readerPart({ reader, versionNum, databases, passwords, cluster }: AgentRoles): readonly string[] {
  const list = seeingOn(versionNum);
  const of = (secrets: boolean): readonly Privilege[] =>
    list.filter(({ needed }) => (needed === 'secrets') === secrets).flatMap(({ privileges }) => privileges);
  return [
    ...heading(
      `reader: ${reader}`,
      `Looks: snapshots, drift, plans, who connects. ${
        cluster === null
          ? 'An agent that connects as it guards changes of files, too: those it puts back as its user of the operating system, and tells the server by a signal.'
          : `An agent that connects as it guards settings and rules, too: those it changes and puts back by its login at ${cluster.owner}'s REST API.`
      }`,
    ),
    ...role(reader, []),
    ...statements(
      [...of(false), ...(cluster === null ? [] : readingFiles(cluster)), ...connecting(databases)],
      reader,
      versionNum,
    ),
    ...(passwords
      ? statements(of(true), reader, versionNum)
      : unless('Not given, for it shows how every password is stored (--passwords):', of(true), reader, versionNum)),
  ];
}

function reverterPart(agent: AgentRoles, name: string, probers: readonly Prober[]): readonly string[] {
  const { versionNum, sections, sql, reader, cluster } = agent;
  const own = { reader, reverter: name, probers: probers.map(({ role: one }) => one) };
  const below = sections === null ? [] : sqlPrivileges(sections, own);
  const attributes = sql ? below.flatMap((one) => (one.kind === 'attribute' ? [one.what] : [])) : [];
  const power = isPowerOverHost(versionNum)
    ? [
        "Before PostgreSQL 16 CREATEROLE can give itself every role but a superuser's, pg_execute_server_program among them: that is power over the host.",
      ]
    : [];
  return [
    ...heading(
      `reverter: ${name}`,
      'Makes changes and takes them back. It never ends sessions, and needs no right to.',
      ...(cluster === null
        ? []
        : [
            `Settings and rules go through ${cluster.owner}: no ALTER SYSTEM, which would outrank what is declared there, and no reload.`,
          ]),
    ),
    ...role(name, attributes),
    ...statements(
      [readerMembership(reader), ...(cluster === null ? [reloading, ...settingPrivileges(agent)] : [])],
      name,
      versionNum,
    ),
    '',
    ...comment('Roles and grants. What a change does to this role itself only somebody else puts back.', ...power),
    ...(sections === null
      ? comment(
          'What it takes is known once everything can be seen: run this first, then ask again, or ask as a superuser (--connection).',
        )
      : sql
        ? statements(below, name, versionNum)
        : unless(
            'Not given: agent.yaml allows no "sql" and names no command (--with-sql). A revert then leaves roles and grants as they are, and says what is left to do.',
            below,
            name,
            versionNum,
          )),
  ];
}

function proberRole({ role: name, connectionLimit, unclear }: Prober): readonly string[] {
  return [
    ...heading(
      `prober: ${name}`,
      'Checks log in as it and only read. What PUBLIC may it may too, like everybody: before PostgreSQL 15 that is CREATE in schema public.',
    ),
    ...role(name, [`connection limit ${connectionLimit}`]),
    `alter role ${quoteName(name)} set default_transaction_read_only = on;`,
    ...comment(...unclear),
  ];
}

function proberIn(database: string, { role: name, databases }: Prober, versionNum: number): readonly string[] {
  const needs = databases.get(database);
  return needs === undefined ? [] : ['', ...statements(proberPrivileges(database, needs), name, versionNum)];
}

/** Everything that an older script gave and this one does not, attributes only, is taken away. */
function role(name: string, options: readonly string[]): readonly string[] {
  const words = ['login', 'nosuperuser', 'noreplication', 'nobypassrls'].concat(
    ['createdb', 'createrole'].map((word) => (options.includes(word) ? word : `no${word}`)),
    options.filter((option) => option.startsWith('connection limit')),
  );
  return [
    block(`if not exists (${isThere(name)}) then create role ${quoteName(name)}; end if;`),
    `alter role ${quoteName(name)} ${words.join(' ')};`,
  ];
}

function isThere(name: string): string {
  return `select from pg_catalog.pg_roles where rolname = ${quoteLiteral(name)}`;
}

/** Dollars of its own would end a dollar quote. */
function block(body: string): string {
  const whole = `begin ${body} end`;
  return `do ${whole.includes('$') ? quoteLiteral(whole) : `$$ ${whole} $$`};`;
}

/** One comment for neighbours with the same reason. An attribute is part of the role's own line. */
function statements(privileges: readonly Privilege[], name: string, versionNum: number): readonly string[] {
  let said = '';
  return privileges.flatMap((one) => {
    if (one.kind === 'impossible') return comment(one.why);
    const why = one.why === said || one.why === '' ? [] : comment(one.why);
    if (one.why !== '') said = one.why;
    return one.kind === 'attribute'
      ? comment(`${one.what}: ${one.why}`)
      : [...why, `${statementOf(one, name, versionNum)};`];
  });
}

/** Each statement as a comment, to be uncommented. */
function unless(why: string, privileges: readonly Privilege[], name: string, versionNum: number): readonly string[] {
  const lines = privileges.flatMap((one) =>
    one.kind === 'impossible'
      ? comment(one.why)
      : [`-- ${statementOf(one, name, versionNum)};`.replaceAll('\n', '\n-- ')],
  );
  return lines.length === 0 ? [] : [...comment(why), ...lines];
}

function heading(what: string, ...about: readonly string[]): readonly string[] {
  return ['', ...comment(what), ...comment(...about)];
}

function transaction(database: string, lines: readonly string[]): readonly string[] {
  // psql reads its own commands line by line: the rest of such a name would be run.
  if (/[\r\n]/.test(database)) return ['', ...comment(`Left out: psql cannot be told of database "${database}".`)];
  return ['', connect(database), 'begin;', ...lines, '', 'commit;'];
}

/** What looks like a connection string would be taken for one. */
function connect(database: string): string {
  if (/^[\w .@-]+$/.test(database)) return `\\connect "${database}"`;
  const value = `dbname='${database.replace(/[\\']/g, '\\$&')}'`;
  return `\\connect -reuse-previous=on "${value.replaceAll('"', '""')}"`;
}

const width = 116;

/** Each text on lines of its own. Nothing that a name contains ends the comment. */
function comment(...texts: readonly string[]): readonly string[] {
  return texts.flatMap((one) => {
    const lines: string[] = [];
    for (const word of oneLine(one).split(' ')) {
      const last = lines.at(-1);
      if (last === undefined || `${last} ${word}`.length > width) lines.push(`-- ${word}`);
      else lines[lines.length - 1] = `${last} ${word}`;
    }
    return lines;
  });
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

export interface RolesGone {
  readonly target: string;
  readonly roles: readonly string[];
  /** Where they have privileges; the last one is where they are dropped. */
  readonly databases: readonly string[];
  readonly cluster: OwnedCluster | null;
}

export function dropScript({ target, roles, databases, cluster }: RolesGone): string {
  const last = databases.at(-1);
  return text([
    ...comment(
      `Takes the roles of Knowngood for target ${target} away with all that they were given, as printed by "knowngood doctor --sql --drop".`,
      'Run it with psql as a superuser. It may be run again. Privileges that were revoked keep their explicit default.',
      ...(cluster === null ? [] : [whereToRun(cluster)]),
    ),
    '\\set ON_ERROR_STOP on',
    ...databases.flatMap((database) =>
      transaction(
        database,
        roles.map((name) => block(`if exists (${isThere(name)}) then ${ending(name, database === last)} end if;`)),
      ),
    ),
  ]);
}

/** DROP OWNED would drop what somebody made as this role: that is for a person to decide. */
function ending(name: string, isLast: boolean): string {
  const owns = `select from pg_catalog.pg_shdepend where deptype = 'o'
    and refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and refobjid = ${quoteLiteral(quoteName(name))}::pg_catalog.regrole`;
  return `
  if exists (${owns}) then
    raise exception using message = ${quoteLiteral(`role "${name}" owns objects`)}, hint = 'Give them to somebody else first.';
  end if;
  drop owned by ${quoteName(name)};${isLast ? `\n  drop role ${quoteName(name)};` : ''}
`;
}
