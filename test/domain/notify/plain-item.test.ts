/** What of an item may leave the house. */
import { expect, it } from '@jest/globals';
import { plainItem } from '../../../domain/notify/plain-item.ts';

for (const [key, summary, want] of [
  ['setting:work_mem', 'work_mem: 4MB → 8MB', 'work_mem: 4MB → 8MB'],
  [
    'setting:archive_cleanup_command',
    `archive_cleanup_command: '' → curl -H "Authorization: Bearer sk_live_abc" https://x`,
    'archive_cleanup_command changed',
  ],
  ['setting:primary_conninfo', 'primary_conninfo: host=a → host=b', 'primary_conninfo changed'],
  ['setting:auth.api_key', 'auth.api_key: a → b', 'auth.api_key changed'],
  ['setting:app.dsn', 'app.dsn: x → postgresql://app:hunter2@db/shop', 'app.dsn changed'],
  ['file:/etc/pg_hba.conf', '/etc/pg_hba.conf: replace', '/etc/pg_hba.conf: replace'],
] as const) {
  it(`tells of ${key}: ${want}`, () => expect(plainItem({ key, summary })).toBe(want));
}
