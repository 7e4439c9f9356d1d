/** What a client makes of the server's refusals. */
import { describe, expect, it } from '@jest/globals';
import { ServiceError } from '@temporalio/client';
import { isUnavailable, refusalOf } from '../../client/refusals.ts';

const refusal = (code: number, details: string): ServiceError =>
  new ServiceError('Workflow Update failed', {
    cause: Object.assign(new Error(details), { code, details, metadata: {} }),
  });

describe('an Update', () => {
  it('whose worker stumbled over it is said again, as when Temporal does not answer', () => {
    const details = 'Unable to perform workflow execution update due to unexpected workflow task failure.';
    expect(isUnavailable(refusal(9, details))).toBe(true);
    expect(isUnavailable(refusal(14, 'no connection'))).toBe(true);
    expect(refusalOf(refusal(9, details), 'a change')).toMatchObject({ problems: [{ code: 'temporal-unreachable' }] });
  });

  it('that is refused for another reason is not', () => {
    expect(isUnavailable(refusal(9, 'limit of updates reached'))).toBe(false);
    expect(() => refusalOf(refusal(9, 'limit of updates reached'), 'a change')).toThrow('Workflow Update failed');
  });
});
