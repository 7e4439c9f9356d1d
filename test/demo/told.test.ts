/** What the demo shows of the phones, and what it takes for a surprise. */
import { describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import type { Heard } from '../../demo/people.ts';
import { notHeard, renderTold } from '../../demo/told.ts';

const at = Date.UTC(2026, 2, 1, 10);
const heard = (by: Heard['by'], team: string, text: string): Heard => ({ at, by, team, text });
const change = [
  heard('slack', 'application', 'Reverted · shop-db: shop-db is back.'),
  heard('pagerduty', 'database', 'trigger: Reverting · shop-db'),
  heard('pagerduty', 'database', 'resolve'),
];
const alarm = heard('slack', 'database', 'Configuration drifts · shop-db');

it('shows a line a message', () => {
  expect(renderTold({ change, alarm }, pc.createColors(false))).toEqual([
    '  What people heard',
    '  10:00:00 UTC  slack · application    Reverted · shop-db: shop-db is back.',
    '  10:00:00 UTC  pagerduty · database   trigger: Reverting · shop-db',
    '  10:00:00 UTC  pagerduty · database   resolve',
    '',
    '  And when a playbook writes the same configuration again, not yet loaded',
    '  10:00:00 UTC  slack · database       Configuration drifts · shop-db',
  ]);
});

describe('a surprise', () => {
  it('is none when everybody heard', () => expect(notHeard({ change, alarm })).toEqual([]));
  it('is every phone that stayed silent', () => {
    expect(notHeard({ change: [], alarm: null })).toEqual([
      'no team heard by Slack that it was reverted',
      'the pager did not ring',
      'the pager was not told that it is over',
      'the drift was not told',
    ]);
  });
});
