/** What the demo, by its own rule, expects the shop's configuration to become on its way from 16 to 17. */
import { oldLine } from '../shop/server-config.ts';

/** One line goes, and stays as a comment; every other byte is as it was. */
export function carriedOver(name: string, text: string): string {
  if (name !== 'postgresql.conf') return text;
  const reason =
    '# knowngood: PostgreSQL 17 has no setting "old_snapshot_threshold"; it stood here before the upgrade:';
  return text.replace(oldLine, `${reason}\n#${oldLine}`);
}
