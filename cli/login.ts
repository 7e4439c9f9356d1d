/** The login that somebody gives on the command line: an address without a password, and where the password is. */
import { connectionProblem } from '../config/connection.ts';
import type { DatabaseConfig } from '../domain/config.ts';
import { referenceForm, referencePattern } from '../domain/secrets.ts';
import type { Io } from './io.ts';
import { stop } from './stop.ts';

export const passwordOption = {
  flags: '--password <reference>',
  description: "where the password is: '${env:NAME}' or '${file:/path}' (default: PGPASSWORD if set)",
} as const;

export function loginOf(
  io: Io,
  { connection, password: given }: { readonly connection: string; readonly password?: string },
): DatabaseConfig {
  const wrong = connectionProblem(connection);
  if (wrong !== null) {
    const [what = '', hint = ''] = wrong.split('\n');
    throw stop({ code: 'bad-connection', message: `--connection ${what}`, hint });
  }
  const password = given ?? (io.env['PGPASSWORD'] ? '${env:PGPASSWORD}' : null);
  // A literal is never repeated: it may be the password itself.
  if (password !== null && !referencePattern.test(password))
    throw stop({ code: 'literal-secret', message: '--password is not a reference', hint: referenceForm });
  return { connection, password };
}
