/** A failed connection in words a DBA acts on. */
import type { Problem } from '../../domain/problem.ts';
import { type Endpoint, placeOf } from './endpoint.ts';
import { TargetError, codeOf, messageOf } from './target-error.ts';

export function connectError(endpoint: Endpoint, error: unknown): TargetError {
  if (error instanceof TargetError) return error;
  const [code, detail] = [codeOf(error), messageOf(error)];
  const problem = (word: string, message: string, hint: string): Problem => ({ code: word, message, detail, hint });
  const place = placeOf(endpoint);
  switch (code) {
    case '28P01':
      return new TargetError(
        'InsufficientPrivilege',
        [
          problem(
            'wrong-password',
            `the server refused the password of ${place}`,
            "Check the secret that the agent's configuration refers to.",
          ),
        ],
        error,
      );
    case '28000':
      return new TargetError(
        'TargetUnreachable',
        [
          problem(
            'access-denied',
            `the server does not let ${place} in`,
            'Add a rule for this user and address to pg_hba.conf.',
          ),
        ],
        error,
      );
    case '3D000':
      return new TargetError(
        'InvalidRequest',
        [
          problem(
            'no-such-database',
            `no database for ${place}`,
            "Correct the connection in the agent's configuration.",
          ),
        ],
        error,
      );
    case '57P03':
      return new TargetError(
        'TargetUnreachable',
        [
          problem(
            'starting-up',
            `the server at ${place} does not accept connections yet`,
            'It is starting up, shutting down or recovering: try again.',
          ),
        ],
        error,
      );
    case '53300':
      return new TargetError(
        'TargetUnreachable',
        [
          problem(
            'too-many-connections',
            `the server at ${place} has no connection left`,
            'Raise superuser_reserved_connections, or reserved_connections with pg_use_reserved_connections.',
          ),
        ],
        error,
      );
    default:
      break;
  }
  if (/password must be a string|SASL.*password/i.test(detail))
    return new TargetError(
      'InsufficientPrivilege',
      [
        problem(
          'no-password',
          `the server asks ${place} for a password, and none is configured`,
          "Name a secret in the agent's configuration.",
        ),
      ],
      error,
    );
  return new TargetError(
    'TargetUnreachable',
    [problem('unreachable', `cannot connect to ${place}`, 'Check that the server runs and listens there.')],
    error,
  );
}
