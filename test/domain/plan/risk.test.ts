/** The class of a plan: by what was found and by what the policy says of it. */
import { describe, expect, it } from '@jest/globals';
import type { AccessChange } from '../../../domain/access/impact.ts';
import type { PlanSummary } from '../../../domain/plan.ts';
import {
  type RiskReason,
  defaultClasses,
  greatestRisk,
  reasonsOfAccess,
  refusalsOf,
  underPolicy,
} from '../../../domain/plan/risk.ts';

const item = { key: 'file:/hba', section: 'files', action: 'write', effect: 'reconnect', summary: 'hba' } as const;
const plan = (reasons: readonly RiskReason[], bend: Partial<PlanSummary> = {}): PlanSummary => ({
  hash: 'h',
  items: [item],
  moreItems: 0,
  effect: 'reconnect',
  risk: greatestRisk(reasons),
  reasons,
  diff: '',
  warnings: [],
  ...bend,
});
const reason = (rule: RiskReason['rule']): RiskReason => ({ rule, text: `because of ${rule}` });

const change = (bend: Partial<AccessChange>): AccessChange => ({
  user: 'app',
  database: 'shop',
  from: '10.2.0.7',
  tls: false,
  source: 'declared',
  who: ['image-service'],
  verdict: 'lost',
  example: '10.2.0.7',
  before: { kind: 'allowed', where: null },
  after: { kind: 'denied', why: 'the rule rejects', sqlState: '28000', where: null },
  because: ['the rule rejects'],
  ...bend,
});

describe('the greatest class decides', () => {
  it.each([
    [[], 'low'],
    [['uncheckedDependents'], 'low'],
    [['uncheckedDependents', 'restart'], 'high'],
    [['restart', 'accessLost', 'widening'], 'refused'],
    [['lockout'], 'refused'],
  ] as const)('%j: %s', (rules, risk) => expect(greatestRisk(rules.map(reason))).toBe(risk));
});

describe('under a policy', () => {
  it('a rule means what the policy says, the gravest first', () => {
    const classes = { ...defaultClasses, accessLost: 'high', restart: 'low' } as const;
    const judged = underPolicy(plan([reason('restart'), reason('accessLost')]), classes, [reason('longTransactions')]);
    expect(judged.risk).toBe('high');
    expect(judged.reasons).toEqual([
      { ...reason('accessLost'), risk: 'high' },
      { ...reason('longTransactions'), risk: 'high' },
      { ...reason('restart'), risk: 'low' },
    ]);
  });

  it('what changes nothing has no risk, whenever it is asked for', () => {
    const nothing = plan([reason('restart')], { items: [{ ...item, action: 'none', effect: 'none' }], effect: 'none' });
    expect(underPolicy(nothing, defaultClasses, [reason('outsideWindow')])).toMatchObject({ risk: 'low', reasons: [] });
  });

  it('what cannot be seen to change nothing keeps its risk: a command, and more items than are shown', () => {
    const none = { ...item, action: 'none', effect: 'none' } as const;
    const capped = plan([reason('accessLost')], { items: [none], moreItems: 1 });
    expect(underPolicy(capped, defaultClasses, []).risk).toBe('refused');
    const command = plan([reason('unseen')], { items: [] });
    expect(underPolicy(command, defaultClasses, [])).toMatchObject({ risk: 'high' });
    expect(underPolicy(command, defaultClasses, [reason('outsideWindow')]).risk).toBe('refused');
  });

  it("an older agent's plan stays what it was", () => {
    const { reasons: _, ...older } = plan([], { risk: 'high' });
    expect(underPolicy(older, defaultClasses, [reason('outsideWindow')])).toBe(older);
  });
});

describe('access that changes', () => {
  const impact = { lost: [], gained: [], unknown: [], unchanged: 0, widened: [], more: 0 };
  const rulesOf = (bend: Partial<AccessChange>): string[] =>
    reasonsOfAccess({ ...impact, lost: [change(bend)] }).map(({ rule }) => rule);

  it.each(['knowngood', 'superuser', 'replication'] as const)('of %s is a lock-out', (source) =>
    expect(rulesOf({ source })).toEqual(['lockout']),
  );
  it.each(['declared', 'check', 'observed', 'backup', 'monitoring'] as const)('of %s is a loss', (source) =>
    expect(rulesOf({ source })).toEqual(['accessLost']),
  );

  it('is told with who, from where and why', () => {
    const texts = reasonsOfAccess({
      ...impact,
      lost: [
        change({}),
        change({ from: '10.2.0.0/16', tls: true }),
        change({ from: 'local', example: 'local', replication: true, who: [] }),
        change({ need: 'select on public.images' }),
      ],
    }).map(({ text }) => text);
    expect(texts).toEqual([
      'app to shop from 10.2.0.7 (image-service): the rule rejects (loses access)',
      'app to shop from 10.2.0.0/16, for one 10.2.0.7 with TLS (image-service): the rule rejects (loses access)',
      'app for replication by the socket (declared): the rule rejects (loses access)',
      'app in shop: select on public.images (image-service): the rule rejects (loses access)',
    ]);
  });

  it('of everybody, by fewer connections, is uncertain', () => {
    expect(reasonsOfAccess({ ...impact, fewer: { before: 97, after: 17 } })).toEqual([
      { rule: 'accessUnknown', text: '17 connections for everybody but superusers, 97 before' },
    ]);
  });

  it('is refused with what mends it', () => {
    const reasons = reasonsOfAccess({ ...impact, lost: [change({}), change({ source: 'knowngood' })] });
    const problems = refusalsOf(underPolicy(plan(reasons), defaultClasses, []));
    expect(problems.map(({ code }) => code)).toEqual(['access-lost', 'lockout']);
    expect(problems[0]?.hint).toContain('--allow-access-loss');
  });
});
