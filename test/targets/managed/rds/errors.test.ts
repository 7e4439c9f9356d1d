/** What an answer of AWS means for whoever decides about another try. */
import { describe, expect, it } from '@jest/globals';
import { apiError } from '../../../../targets/managed/rds/errors.ts';

const asked = { instance: 'shop', region: 'eu-central-1', endpoint: null };

function named(name: string, message = 'in the words of AWS'): Error {
  return Object.assign(new Error(message), { name });
}

describe('an error of the RDS API', () => {
  for (const [name, failure, code] of [
    ['DBInstanceNotFoundFault', 'TargetUnreachable', 'no-such-instance'],
    ['CredentialsProviderError', 'TargetUnreachable', 'no-credentials'],
    ['ExpiredToken', 'TargetUnreachable', 'owner-unreachable'],
    ['Throttling', 'TargetUnreachable', 'owner-unreachable'],
    ['InvalidDBParameterGroupStateFault', 'TargetUnreachable', 'owner-unreachable'],
    ['InvalidDBInstanceStateFault', 'TargetUnreachable', 'owner-unreachable'],
    ['AccessDenied', 'InsufficientPrivilege', 'owner-refused'],
    ['AccessDeniedException', 'InsufficientPrivilege', 'owner-refused'],
    ['SignatureDoesNotMatch', 'InsufficientPrivilege', 'owner-refused'],
    ['InvalidParameterValue', 'NotApplied', 'owner-rejected'],
    ['InvalidParameterCombination', 'NotApplied', 'owner-rejected'],
    ['SomethingNew', 'TargetUnreachable', 'owner-unreachable'],
  ] as const)
    it(`${name} is ${failure}`, () => {
      expect(apiError('ModifyDBParameterGroup', asked, named(name))).toMatchObject({ failure, problem: { code } });
    });

  it('names the action, the place and the words of AWS', () => {
    const refused = apiError('ModifyDBParameterGroup', asked, named('AccessDenied', 'not yours'));
    expect(refused.problem).toEqual({
      code: 'owner-refused',
      message: 'AWS does not let the agent call rds:ModifyDBParameterGroup',
      detail: 'AccessDenied: not yours',
      hint: "Allow rds:ModifyDBParameterGroup in the IAM policy of the agent's role.",
    });
    const away = apiError(
      'DescribeDBInstances',
      { ...asked, endpoint: 'http://127.0.0.1:1' },
      named('Error', 'connect ECONNREFUSED'),
    );
    expect(away.problem).toMatchObject({
      message: 'RDS does not answer DescribeDBInstances at http://127.0.0.1:1',
      detail: 'connect ECONNREFUSED',
    });
  });
});
