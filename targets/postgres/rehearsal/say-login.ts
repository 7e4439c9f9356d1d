/** How a principal gets in with the candidate, beside how it gets in now: only the difference speaks against a change. */
import type { LoginAnswer, RehearsedPrincipal } from '../../../domain/rehearsal.ts';
import type { Findings } from './findings.ts';

export function sayLogin(
  say: Findings['say'],
  { user, database, address, tls }: RehearsedPrincipal,
  asIs: LoginAnswer | null,
  then: LoginAnswer = { kind: 'untried', why: 'it was not asked' },
): void {
  const from = address === null ? 'over the socket' : `from ${address}${tls ? ' with TLS' : ''}`;
  const what = `${user}@${database} ${from} logs in`;
  switch (then.kind) {
    case 'in':
      return say(what, true);
    case 'untried':
      return say(what, null, { code: 'login-untried', message: `whether ${what} was not tried`, detail: then.why });
    case 'denied': {
      const state = then.sqlState === null ? '' : ` (${then.sqlState})`;
      const detail = `The scratch server says: ${then.message}${state}.`;
      if (asIs?.kind === 'denied')
        return say(what, null, {
          code: 'denied-before',
          message: `${user}@${database} ${from} is denied with and without the change`,
          detail,
        });
      return say(what, false, {
        code: 'login-denied',
        message: `the candidate denies ${user}@${database} ${from}`,
        detail,
      });
    }
    default:
      return then satisfies never;
  }
}
