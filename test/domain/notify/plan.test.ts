/** Whom to tell what, as a table: who hears at once, who comes next, and who takes a dead channel's place. */
import { describe, expect, it } from '@jest/globals';
import type { Notice } from '../../../domain/notify/notice.ts';
import { callsUntil, type Delivery, deliveryOf, type NotifyPlan } from '../../../domain/notify/plan.ts';
import { aNotice, aPlan } from './builders.ts';

/** `0 application database | +600 infrastructure | ? search`: seconds, or only when somebody before was not reached. */
function inWords({ steps }: Delivery): string {
  return steps
    .map(({ afterMs, teams }) =>
      [afterMs === null ? '?' : `+${afterMs / 1000}`, ...teams.map(({ team }) => team)].join(' '),
    )
    .join(' | ');
}

const critical = { kind: 'revert-incomplete', severity: 'critical' } as const;

describe('the usual way', () => {
  for (const [name, notice, plan, want] of [
    ['tells the database team what begins', { kind: 'armed', severity: 'info' }, {}, '+0 database'],
    ['tells whoever suffers, and the database team', {}, {}, '+0 application database | ? infrastructure | ? search'],
    [
      'tells nobody of others who suffer nothing',
      { dependents: [] },
      {},
      '+0 database | ? infrastructure | ? application | ? search',
    ],
    [
      'calls more and more people about what is critical',
      critical,
      {},
      '+0 application database | +600 infrastructure | +1200 application database infrastructure search',
    ],
    [
      'asks others for an approval when the database team cannot be reached',
      { kind: 'approval-wanted', severity: 'info' },
      {},
      '+0 database | ? application | ? infrastructure | ? search',
    ],
    [
      'tells the teams of all dependents where no team owns databases',
      { dependents: [], kind: 'armed', severity: 'info' },
      { teams: aPlan().teams.filter(({ name }) => name !== 'database') },
      '+0 application search',
    ],
    [
      'tells everybody where nobody is meant',
      { dependents: [] },
      { teams: aPlan().teams.filter(({ name }) => name === 'infrastructure') },
      '+0 infrastructure',
    ],
    ['tells nobody without teams', critical, { teams: [] }, ''],
  ] as const satisfies readonly (readonly [string, Partial<Notice>, Partial<NotifyPlan>, string])[]) {
    it(name, () => expect(inWords(deliveryOf(aPlan(plan), aNotice(notice)))).toBe(want));
  }
});

describe('routes of knowngood.yaml', () => {
  const routes = [
    { events: ['kept', 'armed'], tell: ['search'] },
    { severity: 'warning', tell: ['affected'] },
    { severity: 'critical', tell: ['everybody'] },
  ] as const;
  for (const [name, notice, want] of [
    ['take what they name', { kind: 'kept', severity: 'info' }, '+0 search'],
    ['leave out what none names', { kind: 'approval-wanted', severity: 'info' }, ''],
    ['count together', { kind: 'kept', severity: 'warning' }, '+0 search application'],
  ] as const) {
    it(name, () => {
      const plan = aPlan({ routes, escalation: [{ afterMs: 0, tell: ['search', 'application'] }] });
      expect(inWords(deliveryOf(plan, aNotice(notice)))).toBe(want);
    });
  }

  it('join the first step of the escalation for what is critical', () => {
    const plan = aPlan({
      routes: [{ tell: ['affected'] }],
      escalation: [
        { afterMs: 0, tell: ['database'] },
        { afterMs: 60_000, tell: ['everybody'] },
      ],
    });
    expect(inWords(deliveryOf(plan, aNotice(critical)))).toBe(
      '+0 application database | +60 application database infrastructure search',
    );
  });
});

it('calls nobody where nobody is to hear of it, and nobody after it has given up', () => {
  const until = (plan: Partial<NotifyPlan>, notice: Partial<Notice>) =>
    callsUntil(deliveryOf(aPlan(plan), aNotice(notice)), 1_000);
  expect(until({}, critical)).toBe(86_401_000);
  expect(until({ teams: [] }, critical)).toBe(null);
  expect(until({}, {})).toBe(null);
});

describe('the channels of a team', () => {
  const names = (notice: Partial<Notice>): string[][] =>
    deliveryOf(aPlan(), aNotice({ dependents: [], ...notice })).steps[0]?.teams.flatMap(({ channels, spare }) => [
      channels.map(({ name }) => name),
      spare.map(({ name }) => name),
    ]) ?? [];

  it('get what they ask for, and the others stand by', () => {
    expect(names({})).toEqual([['database/slack'], ['database/pagerduty', 'database/email']]);
    expect(names(critical)).toEqual([['database/slack', 'database/pagerduty'], ['database/email']]);
    expect(names({ kind: 'kept', severity: 'info' })).toEqual([
      ['database/slack', 'database/email'],
      ['database/pagerduty'],
    ]);
  });

  it('are left alone where all of them take something else, but for what is critical', () => {
    const plan = aPlan({
      teams: [{ name: 'database', channels: [{ name: 'database/slack', kind: 'slack', events: ['kept'] }] }],
    });
    expect(deliveryOf(plan, aNotice()).steps).toEqual([]);
    expect(deliveryOf(plan, aNotice(critical)).steps[0]?.teams).toEqual([
      { team: 'database', channels: [], spare: [{ name: 'database/slack', kind: 'slack' }] },
    ]);
  });
});
