/** Why no new connection is let in: by the catalogs, which SQL alone puts back, or by files, as a reload does. */
import { TargetError, codeOf, messageOf } from './target-error.ts';

const byCatalog: ReadonlySet<string> = new Set([
  // The password was changed, or has expired.
  '28P01',
  // The database lets nobody in, or not this role.
  '55000',
  '42501',
  // A limit of the role or of the database; that of the server says the same and passes.
  '53300',
]);

export function isLockedOutByCatalog(error: unknown): boolean {
  const cause = error instanceof TargetError ? error.cause : error;
  const code = codeOf(cause) ?? '';
  return byCatalog.has(code) || (code === '28000' && /not permitted to log in/.test(messageOf(cause)));
}
