/** What RDS or the way to it answered, in PostgreSQL's form and under the name that decides about retries. */
import type { RdsConfig } from '../../../domain/config.ts';
import { TargetError, messageOf } from '../../postgres/target-error.ts';

/** Beside what says so in its name, such as AccessDeniedException. */
const forbidden: ReadonlySet<string> = new Set([
  'InvalidClientTokenId',
  'NotAuthorized',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
]);

/** RDS refuses the request as it stands: it is of no use to send it again. */
const invalid = /^(InvalidParameterValue|InvalidParameterCombination|ValidationError|MalformedInput)/;

type Asked = Pick<RdsConfig, 'instance' | 'region' | 'endpoint'>;

/** `action` as IAM calls it, without `rds:`. Whatever is not known may be better at the next try. */
export function apiError(action: string, asked: Asked, error: unknown): TargetError {
  if (error instanceof TargetError) return error;
  const name = error instanceof Error ? error.name : '';
  const detail = name === '' || name === 'Error' ? messageOf(error) : `${name}: ${messageOf(error)}`;
  const { instance, region, endpoint } = asked;
  if (name.startsWith('DBInstanceNotFound')) return noSuchInstance(instance, region);
  if (name === 'CredentialsProviderError')
    return unreachable({
      code: 'no-credentials',
      message: 'no AWS credentials were found',
      detail,
      hint: "They come from AWS's own chain: the environment, a profile, a web identity, or the role of the host or task.",
    });
  if (forbidden.has(name) || name.startsWith('AccessDenied'))
    return new TargetError(
      'InsufficientPrivilege',
      [
        {
          code: 'owner-refused',
          message: `AWS does not let the agent call rds:${action}`,
          detail,
          hint: `Allow rds:${action} in the IAM policy of the agent's role.`,
        },
      ],
      error,
    );
  if (invalid.test(name))
    return new TargetError(
      'NotApplied',
      [{ code: 'owner-rejected', message: `RDS rejects ${action} for instance "${instance}"`, detail }],
      error,
    );
  return unreachable(
    {
      code: 'owner-unreachable',
      message: `RDS does not answer ${action}${endpoint === null ? ` in ${region}` : ` at ${endpoint}`}`,
      detail,
      hint: "Check rds.region and rds.endpoint in the agent's agent.yaml, and its way to the RDS API.",
    },
    error,
  );
}

export function noSuchInstance(instance: string, region: string): TargetError {
  return unreachable({
    code: 'no-such-instance',
    message: `RDS knows no instance "${instance}" in ${region}`,
    hint: "Check rds.instance and rds.region in the agent's agent.yaml, and which account its credentials belong to.",
  });
}

function unreachable(problem: TargetError['problem'], cause?: unknown): TargetError {
  return new TargetError('TargetUnreachable', [problem], cause);
}
