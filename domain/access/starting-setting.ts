/** What a new session of a user in a database begins with: ALTER ROLE … SET and ALTER DATABASE … SET before the files. */
import type { Sections } from '../snapshot.ts';

/** null: nothing is said. */
export function startingSetting(
  { roles, settings }: Pick<Sections, 'roles' | 'settings'>,
  { user, database, setting }: { readonly user: string; readonly database: string; readonly setting: string },
): string | null {
  // '' is every role, and every database.
  for (const [role, where] of [
    [user, database],
    [user, ''],
    ['', database],
    ['', ''],
  ] as const) {
    const own = roles.find(({ name }) => name === role)?.settings[where];
    const said = own?.find((one) => one.slice(0, one.indexOf('=')).toLowerCase() === setting);
    if (said !== undefined) return said.slice(setting.length + 1);
  }
  return settings.find(({ name }) => name === setting)?.value ?? null;
}
