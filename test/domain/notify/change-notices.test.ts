/** What the events of a change say. */
import { describe, expect, it } from '@jest/globals';
import { changeNotice, type Situation } from '../../../domain/notify/change-notices.ts';
import { pagerDutyEvents } from '../../../domain/notify/pagerduty.ts';
import type { PlanSummary } from '../../../domain/plan.ts';
import { aTelling } from './builders.ts';

function aSituation(bent: Partial<Situation> = {}): Situation {
  return {
    target: 'shop-db',
    changeId: 'c-1',
    workflowId: 'w',
    runId: 'r',
    at: 0,
    requestedBy: 'kim',
    reason: '',
    plan: null,
    approvalsNeeded: 0,
    approvals: {},
    deadlineAt: null,
    atDeadline: '',
    why: '',
    because: [],
    failing: [],
    failures: [],
    remaining: [],
    conflicts: [],
    dependentsAfter: '',
    revertedBy: null,
    toldBefore: false,
    toldOf: [],
    ...bent,
  };
}

describe('the end of a change that was neither kept nor reverted', () => {
  it('closes the incident, and is a warning to whoever heard that it went ill', () => {
    const notice = changeNotice('ended', 1, aSituation({ toldBefore: true, toldOf: ['app'], why: 'aborted by kim' }));
    expect(notice).toMatchObject({
      severity: 'warning',
      headline: 'change c-1 of shop-db is over: aborted by kim',
      dependents: ['app'],
    });
    expect(pagerDutyEvents(aTelling({}, notice)).map(({ event_action }) => event_action)).toEqual(['resolve']);
    expect(changeNotice('ended', 1, aSituation()).severity).toBe('info');
  });
});

describe('a check that only notifies', () => {
  it('tells the team of its dependent that nothing is reverted by it', () => {
    const failing = ['image-service'];
    const notice = changeNotice('degraded', 1, aSituation({ failing, why: 'image-service/thumbs failed 3 times' }));
    expect(notice).toMatchObject({
      severity: 'warning',
      headline: 'image-service is failing while change c-1 of shop-db is watched, which goes on',
      dependents: ['image-service'],
      facts: [
        'image-service/thumbs failed 3 times',
        'Its check only notifies: nothing is reverted by it.',
        'asked for by kim',
      ],
    });
  });
});

describe('who is asked for an approval', () => {
  const actions = (bent: Partial<Situation> = {}): readonly string[] =>
    changeNotice('approval-wanted', 1, aSituation({ approvalsNeeded: 1, ...bent })).actions;

  it('reads what to send', () => {
    expect(actions()).toEqual([
      'approve with "name: reason"',
      'reject with "name: reason"',
      'or on a command line: knowngood approve shop-db:c-1',
    ]);
  });

  it('is not told to send what would be refused, where only signed ones count', () => {
    expect(actions({ approvals: { signed: true } })).toEqual([
      'reject with "name: reason"',
      'or on a command line: knowngood approve shop-db:c-1 --sign',
    ]);
  });
});

it('tells no value of a command', () => {
  const plan: PlanSummary = {
    hash: '',
    items: [
      {
        key: 'setting:archive_cleanup_command',
        section: 'settings',
        action: 'set',
        effect: 'reload',
        summary: `archive_cleanup_command: '' → curl -H "Authorization: Bearer sk_live_abc" https://x`,
      },
    ],
    moreItems: 0,
    effect: 'reload',
    risk: 'high',
    diff: '',
    warnings: [],
  };
  const text = JSON.stringify(changeNotice('armed', 1, aSituation({ plan })));
  expect(text).toContain('archive_cleanup_command changed');
  expect(text).not.toContain('sk_live_abc');
});
