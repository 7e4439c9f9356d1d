/** Which words of a server's log are evidence: the server's own, about access and configuration, and nobody's values. */
import { describe, expect, it } from '@jest/globals';
import { tellingWords } from '../../../domain/report/log-messages.ts';

const said = (text: string, level = 'ERROR'): string | null => tellingWords({ level, text });

describe('of a message that is about something else there is nothing', () => {
  for (const text of [
    'customer 4711 pays with card 4111111111111111',
    'token eyJhbGciOi is expired',
    'could not connect to server "x": connection string host=a user=b passwd=hunter2',
    'role of "Jane Roe" has api key sk_live_abcdef',
    'invalid input syntax for type integer: "{"card":"4111111111111111"}"',
    'syntax error at or near "hunter2"',
    'duplicate key value violates unique constraint "a"',
    'could not connect to postgresql://u:hunter2@h/db',
    'permission denied, hunter2',
    'permission denied for customer Jane Roe',
    'too many payments of Jane Roe',
    'sorry, Jane Roe',
    'could not pay 4111111111111111',
    'must be paid by Jane Roe',
    'the database system is used by Jane Roe',
    'customer Jane Roe: no pg_hba.conf entry',
    'database system is ready to accept connections of Jane Roe',
    'database system is ready to accept connections\nof Jane Roe',
    'duration: 3 ms  statement: select 1',
    'connection authorized: user=a database=b',
    `role "${'x'.repeat(2_000)}" does not exist`,
  ])
    it(JSON.stringify(text.slice(0, 60)), () => {
      for (const level of ['PANIC', 'FATAL', 'ERROR', 'WARNING', 'LOG', 'DETAIL']) expect(said(text, level)).toBeNull();
    });
});

describe('of a message about access, configuration, coming and going all is shown', () => {
  for (const text of [
    'no pg_hba.conf entry for host "10.0.0.7", user "image_svc", database "shop", no encryption',
    'no pg_hba.conf entry for host "[local]", user "image_svc", database "shop", SSL encryption',
    'no pg_hba.conf entry for replication connection from host "fe80::1%eth0", user "rep", no encryption',
    'pg_hba.conf rejects connection for host "10.0.0.7", user "image-svc", database "shop", no encryption',
    'pg_hba.conf rejects replication connection for host "10.0.0.7", user "rep", SSL encryption',
    'password authentication failed for user "anna@example.org"',
    'Peer authentication failed for user "anna"',
    'role "nobody" does not exist',
    'role "anna" is not permitted to log in',
    'database "shop" does not exist',
    'too many connections for role "anna"',
    'sorry, too many clients already',
    'remaining connection slots are reserved for roles with the SUPERUSER attribute',
    'permission denied for table image',
    'permission denied for column "price" of relation "image"',
    'permission denied for database "shop"',
    'must be owner of table image',
    'parameter "work_mem" changed to "8MB"',
    'parameter "listen_addresses" changed to "*"',
    'parameter "work_mem" removed from configuration file, reset to default',
    'parameter "shared_buffers" cannot be changed without restarting the server',
    'configuration file "/etc/postgresql/16/main/postgresql.conf" contains errors; unaffected changes were applied',
    '/etc/postgresql/16/main/pg_hba.conf was not reloaded',
    'pg_hba.conf was not reloaded',
    'syntax error in file "/pg/postgresql.conf" line 7, near end of line',
    'unrecognized configuration parameter "wrok_mem" in file "/pg/postgresql.conf" line 7',
    'could not open file "/pg/pg_hba.conf": No such file or directory',
    'could not load /pg/pg_hba.conf',
    'could not load server certificate file "server.crt": Permission denied',
    'could not access file "nolib": No such file or directory',
    'end-of-line before authentication method',
    'hostssl record cannot match because SSL is disabled',
    'listening on IPv4 address "127.0.0.1", port 5432',
    'listening on Unix socket "/tmp/.s.PGSQL.5432"',
    'received fast shutdown request',
    'database system was shut down at 2026-03-01 10:00:09 UTC',
    'database system was interrupted; last known up at 2026-03-01 10:00:09 UTC',
    'database system is ready to accept connections',
    'the database system is not yet accepting connections',
    'terminating connection due to administrator command',
    'canceling statement due to statement timeout',
    'server process (PID 4711) was terminated by signal 9: Killed',
    'background worker "logical replication launcher" (PID 47) exited with exit code 1'.replace(
      /"[^"]*"/,
      '"launcher"',
    ),
    'startup process (PID 4711) exited with exit code 1',
    'could not bind IPv4 address "127.0.0.1": Address already in use',
  ])
    it(text, () => expect(said(text)).toBe(text));
});

describe('what could be anything is left out of', () => {
  for (const [what, text, want] of [
    ['a name that is none', 'role "Jane Roe, born 1970" does not exist', 'role "…" does not exist'],
    ['a name that is a number', 'role "a4111111111111111" does not exist', 'role "…" does not exist'],
    ['a name with quotes', 'role "a" is b" does not exist', 'role "…" does not exist'],
    ['a name longer than one is', `role "${'x'.repeat(64)}" does not exist`, 'role "…" does not exist'],
    [
      'a name that pretends to be more',
      'no pg_hba.conf entry for host "10.0.0.7", user "x", database "hunter 2", database "y", no encryption',
      'no pg_hba.conf entry for host "10.0.0.7", user "x", database "…", no encryption',
    ],
    [
      'a value',
      'invalid value for parameter "work_mem": "a "hunter2" b"',
      'invalid value for parameter "work_mem": "…"',
    ],
    [
      'a token',
      'syntax error in file "/p.conf" line 7, near token "hun"ter2"',
      'syntax error in file "/p.conf" line 7, near token "…"',
    ],
    ['a command', 'parameter "archive_command" changed to "cp x y"', 'parameter "archive_command" changed to "…"'],
    [
      'a way to another server',
      'parameter "primary_conninfo" changed to "hunter2"',
      'parameter "primary_conninfo" changed to "…"',
    ],
    ["an extension's setting", 'parameter "app.key" changed to "hunter2"', 'parameter "app.key" changed to "…"'],
    ['a setting with a login', 'parameter "a" changed to "u:hunter2@h"', 'parameter "a" changed to "…"'],
    ["a library's reason", 'could not load library "/x.so": hunter2', 'could not load library "/x.so": …'],
    ['a right', 'must be superuser to see Jane Roe', 'must be superuser…'],
    ['the version', 'starting PostgreSQL 16.4 (Debian) on x86_64', 'starting PostgreSQL 16.4…'],
    ["an object's name", 'permission denied for table Jane Roe', 'permission denied for table …'],
  ] as const)
    it(what, () => expect(said(text)).toBe(want));
});

describe('of a detail only that is shown which says why somebody was let in or not', () => {
  for (const [text, want] of [
    ['Key (iban)=(DE02) already exists.', null],
    ['no pg_hba.conf entry', null],
    ['Role "nobody" does not exist.', 'Role "nobody" does not exist.'],
    [
      'Connection matched file "/p/pg_hba.conf" line 3: "host all all 10.0.0.0/8 reject"',
      'Connection matched file "/p/pg_hba.conf" line 3: "host all all 10.0.0.0/8 reject"',
    ],
    [
      'Connection matched pg_hba.conf line 3: "local   all   postgres   trust"',
      'Connection matched pg_hba.conf line 3: "local   all   postgres   trust"',
    ],
    [
      'Connection matched file "/h" line 3: "host all all all ldap ldapbindpasswd="hun ter2" ldapserver=x"',
      'Connection matched file "/h" line 3: "…"',
    ],
  ] as const)
    it(text, () => expect(said(text, 'DETAIL')).toBe(want));
});

it('of a message that is longer than any of these there is nothing', () => {
  const of = (length: number): string =>
    `role "${'x'.repeat(length - 'role "" does not exist'.length)}" does not exist`;
  expect(said(of(1_000))).toBe('role "…" does not exist');
  expect(said(of(1_001))).toBeNull();
});

it('is quick to refuse what was made to keep it busy', () => {
  const busy = `no pg_hba.conf entry for host "${'", user "'.repeat(95)}x`;
  const began = performance.now();
  for (let n = 0; n < 100; n += 1) said(busy);
  expect(performance.now() - began).toBeLessThan(1_000);
});
