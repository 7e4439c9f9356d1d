/** What of an item may leave the house. */
import { expect, it } from '@jest/globals';
import { plainItem, plainLine } from '../../../domain/notify/plain-item.ts';

for (const [key, summary, want] of [
  ['setting:work_mem', 'work_mem: 4MB → 8MB', 'work_mem: 4MB → 8MB'],
  [
    'setting:archive_cleanup_command',
    `archive_cleanup_command: '' → curl -H "Authorization: Bearer sk_live_abc" https://x`,
    'archive_cleanup_command changed',
  ],
  ['setting:primary_conninfo', 'primary_conninfo: host=a → host=b', 'primary_conninfo changed'],
  ['setting:auth.api_key', 'auth.api_key: a → b', 'auth.api_key changed'],
  ['setting:app.secret_access_key', 'app.secret_access_key: a → b', 'app.secret_access_key changed'],
  ['setting:app.jwt_tokens', 'app.jwt_tokens: a → b', 'app.jwt_tokens changed'],
  ['setting:password_encryption', 'password_encryption: md5 → scram', 'password_encryption: md5 → scram'],
  ['setting:app.dsn', 'app.dsn: x → postgresql://app:hunter2@db/shop', 'app.dsn changed'],
  ['file:/etc/pg_hba.conf', '/etc/pg_hba.conf: replace', '/etc/pg_hba.conf: replace'],
] as const) {
  it(`tells of ${key}: ${want}`, () => expect(plainItem({ key, summary })).toBe(want));
}

for (const [line, want] of [
  ['work_mem = 4MB', 'work_mem = 4MB'],
  ['host shop image_svc 10.2.0.0/16 scram-sha-256', 'host shop image_svc 10.2.0.0/16 scram-sha-256'],
  [`archive_command = 'curl -H "Authorization: Bearer sk_live_abc" https://x'`, 'archive_command = …'],
  [`  #restore_command='x sk_live_abc'`, 'restore_command = …'],
  [`ARCHIVE_COMMAND 'x'`, 'ARCHIVE_COMMAND = …'],
  // PostgreSQL needs no blank before the quote.
  [`archive_command'curl -u sk_live_abc'`, 'archive_command = …'],
  ["app.secret_access_key = 'x'", 'app.secret_access_key = …'],
  [`primary_conninfo = 'host=a'`, 'primary_conninfo = …'],
  ["app.api_key = 'x'", 'app.api_key = …'],
  ['host all all 0/0 ldap ldapserver=x ldapbindpasswd=hunter2', 'a line that may hold a secret'],
  ['# see postgresql://app:hunter2@db/shop', 'a line that may hold a secret'],
  ['', ''],
] as const) {
  it(`tells of the line ${line}: ${want}`, () => expect(plainLine(line)).toBe(want));
}
