/** Roles: every attribute, passwords, validity, and roles that come and go. */
import { type Mutation, all } from '../mutation.ts';

const flags = ['superuser', 'inherit', 'createrole', 'createdb', 'login', 'replication', 'bypassrls'] as const;

/** `plain` has LOGIN and INHERIT only, `mighty` everything but INHERIT. */
const attributes: readonly Omit<Mutation, 'section'>[] = flags.flatMap((flag) => {
  const [has, hasNot] = flag === 'login' || flag === 'inherit' ? ['plain', 'odd'] : ['mighty', 'plain'];
  return [
    { name: `a role loses ${flag.toUpperCase()}`, steps: [`alter role ${has} no${flag}`] },
    {
      name: `a role gets ${flag.toUpperCase()}`,
      steps: [`alter role ${hasNot === 'odd' ? '"Odd Role"' : hasNot} ${flag}`],
    },
  ];
});

export const roles = all('roles', [
  ...attributes,
  {
    name: 'a role loses everything at once',
    steps: ['alter role mighty nosuperuser nocreaterole nocreatedb noreplication nobypassrls nologin inherit'],
  },
  { name: 'a role gets a connection limit', steps: ['alter role app_rw connection limit 0'] },
  { name: 'a role loses its connection limit', steps: ['alter role limited connection limit -1'] },
  { name: 'a connection limit changes', steps: ['alter role limited connection limit 1'] },
  { name: 'a role without end is made to end', steps: ["alter role app_rw valid until '2020-01-01'"] },
  { name: 'a role ends earlier', steps: ["alter role expiring valid until '2001-02-03 04:05:06.789+02'"] },
  { name: 'a role never ends any more', steps: ["alter role expiring valid until 'infinity'"] },
  {
    name: 'a role without end is said to have none',
    unseen: true,
    steps: ["alter role app_rw valid until 'infinity'"],
  },
  { name: 'a password changes', steps: ["alter role app_rw password 'another'"] },
  { name: 'a password goes', steps: ['alter role app_rw password null'] },
  { name: 'a role without a password gets one', steps: ["alter role plain password 'first'"] },
  {
    name: 'a password is hashed as md5',
    steps: ["set password_encryption = 'md5'; alter role app_rw password 'another'"],
  },
  { name: 'a password that was hashed as md5 changes', steps: ["alter role old_hash password 'another'"] },
  // The agent works as the superuser: nobody can look, and the connection that is open is the way back.
  { name: 'the superuser may not log in any more', steps: ['alter role postgres nologin'], blind: true },
  { name: "the superuser's password is another one", steps: ["alter role postgres password 'another'"], blind: true },
  { name: "the superuser's password has ended", steps: ["alter role postgres valid until '2001-01-01'"], blind: true },
  {
    name: 'a role that may log in is created',
    steps: ["create role intruder login superuser password 'x'"],
    leaves: ['intruder'],
    cleanUp: ['drop role intruder'],
  },
  {
    name: 'a role is created, granted things and made a member',
    steps: [
      'create role intruder login in role readers',
      'grant select on app.orders to intruder',
      'grant connect on database shop to intruder',
      'alter role intruder set work_mem = 1234',
    ],
    leaves: ['intruder'],
    cleanUp: ['drop owned by intruder', 'drop role intruder'],
  },
  {
    name: 'a role that nothing depends on is dropped',
    steps: ['drop role spare'],
    cleanUp: ['drop role if exists spare', "create role spare login connection limit 3 password 'spare-secret'"],
    reported: /spare/,
  },
  {
    name: 'a role is renamed',
    steps: ['alter role spare rename to spared'],
    leaves: ['spared'],
    cleanUp: ['drop role if exists spare', 'alter role spared rename to spare', 'alter role spare login'],
    reported: /spare/,
  },
]);

export const roleSettings = all('role settings', [
  { name: 'a role gets a setting', steps: ["alter role app_ro set work_mem = '5MB'"] },
  { name: "a role's setting changes", steps: ["alter role app_rw set work_mem = '6MB'"] },
  { name: 'a role loses a setting', steps: ['alter role app_rw reset work_mem'] },
  { name: 'a role loses all settings', steps: ['alter role app_rw reset all'] },
  {
    name: "a role's settings change their order",
    steps: ['alter role app_rw reset work_mem', "alter role app_rw set work_mem = '16MB'"],
  },
  { name: 'a role gets a list', steps: ['alter role app_ro set search_path = app, "Odd Schema", public'] },
  { name: "a role's list changes", steps: ['alter role app_rw set search_path = public'] },
  { name: "a role's list is emptied", steps: ["alter role app_rw set search_path = ''"] },
  {
    name: 'a role gets a setting in one database',
    steps: ["alter role app_ro in database shop set statement_timeout = '1s'"],
  },
  { name: 'a role loses its settings in one database', steps: ['alter role app_rw in database shop reset all'] },
  { name: 'a database gets a setting', steps: ["alter database shop set lock_timeout = '1s'"] },
  { name: "a database's setting changes", steps: ["alter database shop set timezone = 'Asia/Tokyo'"] },
  { name: 'a database loses all settings', steps: ['alter database shop reset all'] },
  { name: 'all roles get a setting', steps: ["alter role all set idle_session_timeout = '1h'"] },
  { name: 'all roles lose their settings', steps: ['alter role all reset all'] },
  {
    name: 'a role with an odd name gets a setting',
    steps: ["alter role \"Odd Role\" set application_name = 'it''s \\odd'"],
  },
  { name: 'a database with an odd name gets a setting', steps: ['alter database "Odd ""Db" set work_mem = 4321'] },
  { name: 'a role gets a custom setting', steps: ["alter role app_ro set app.tenant = 'blue'"] },
  {
    name: 'a role logs into read-only transactions',
    steps: ['alter role app_rw set default_transaction_read_only = on'],
  },
  { name: 'a role works as another one', steps: ['alter role app_rw set role = readers'] },
]);

export const memberships = all('memberships', [
  { name: 'a role becomes a member', steps: ['grant writers to app_ro'] },
  { name: 'a role is a member no more', steps: ['revoke readers from app_ro'] },
  { name: 'a member gets the ADMIN option', steps: ['grant readers to app_ro with admin option'] },
  {
    name: 'a member loses the ADMIN option, and whom it let in goes too',
    steps: ['revoke admin option for readers from lead cascade'],
  },
  { name: 'a member with the ADMIN option goes, and whom it let in too', steps: ['revoke readers from lead cascade'] },
  { name: 'a member lets somebody in', steps: [{ sql: 'grant readers to plain', as: 'lead' }] },
  { name: 'somebody whom a member let in goes', steps: [{ sql: 'revoke readers from intern', as: 'lead' }] },
  { name: 'a member stops inheriting', from: 16, steps: ['grant readers to app_ro with inherit false'] },
  { name: 'a member starts inheriting', from: 16, steps: ['grant writers to quiet with inherit true'] },
  { name: 'a member may not become the role', from: 16, steps: ['grant readers to app_ro with set false'] },
  { name: 'a member may become the role', from: 16, steps: ['grant writers to quiet with set true'] },
  { name: 'a role is a member by two grantors', from: 16, steps: [{ sql: 'grant readers to app_ro', as: 'lead' }] },
  {
    name: 'one of two grantors takes its grant back',
    from: 16,
    steps: [{ sql: 'revoke readers from twice', as: 'lead' }],
  },
  { name: 'a predefined role gets a member', steps: ['grant pg_read_all_data to app_ro'] },
  { name: 'a predefined role loses a member', steps: ['revoke pg_monitor from plain'] },
  { name: 'a role may signal others', steps: ['grant pg_signal_backend to app_rw'] },
  { name: 'a role with an odd name becomes a member', steps: ['grant "Odd Role" to app_ro'] },
  { name: 'a group joins a group', steps: ['grant readers to writers'] },
]);

export const databases = all('databases', [
  { name: 'a database changes its owner', steps: ['alter database shop owner to dba'] },
  { name: 'a database gets a connection limit', steps: ['alter database shop connection limit 0'] },
  { name: 'a database loses its connection limit', steps: ['alter database "Odd ""Db" connection limit -1'] },
  {
    name: 'a database lets nobody in',
    steps: [{ sql: 'alter database "Odd ""Db" allow_connections false', in: 'postgres' }],
  },
  { name: 'a database becomes a template', steps: ['alter database shop is_template true'] },
  { name: 'a template is one no more', steps: ['alter database template1 is_template false'] },
  { name: 'PUBLIC may not connect any more', steps: ['revoke connect on database shop from public'] },
  { name: 'PUBLIC may do nothing any more', steps: ['revoke all on database "Odd ""Db" from public'] },
  { name: 'PUBLIC may create schemas', steps: ['grant create on database shop to public'] },
  {
    name: 'a role may create schemas and pass that on',
    steps: ['grant create on database shop to app_rw with grant option'],
  },
  { name: 'a role may not connect any more', steps: ['revoke connect on database shop from app_rw'] },
  { name: 'an owner may not create schemas any more', steps: ['revoke create on database shop from shop_owner'] },
  {
    name: 'a database is created',
    steps: ['create database newcomer owner app_rw'],
    leaves: ['newcomer'],
    cleanUp: ['drop database newcomer'],
  },
]);
