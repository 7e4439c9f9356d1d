/** What people read of a rollout: details, notices, the report. */
import { describe, expect, it } from '@jest/globals';
import { rolloutDetails, rolloutView, type RolloutView } from '../../../domain/rollout/details.ts';
import { rolloutNotice } from '../../../domain/rollout/notices.ts';
import { type RolloutReport, rolloutHtml, rolloutMarkdown } from '../../../domain/rollout/report.ts';
import type { AdmittedRollout } from '../../../domain/rollout/rollout.ts';
import { began, ended, openState, type RolloutState } from '../../../domain/rollout/state.ts';
import { aPlan, anEnd, reverted } from './builders.ts';

const evil = '<script>|`**x**`';

function halfway(plan: AdmittedRollout): RolloutState {
  const running = began(openState(plan), 'start', ['a']);
  return ended(
    began({ ...ended(running, 'a', anEnd(), plan, 0), wave: 1 }, 'start', ['b', 'c']),
    'b',
    reverted,
    plan,
    0,
  );
}

function seen(plan: AdmittedRollout, bent: Partial<RolloutView> = {}): RolloutView {
  return { ...rolloutView(halfway(plan), plan, { rolloutId: 'more-mem', outcome: null }), ...bent };
}

describe('the details', () => {
  it('show the waves, each target that matters, what went wrong, what comes next, and what can be pressed', () => {
    const text = rolloutDetails(seen(aPlan({ onHalt: 'ask', reason: evil })));
    expect(text).toContain('## ask · rollout `more-mem`');
    expect(text).toContain('| **▶** 2 | 2 | 1 reverted: `b` · 1 running: `c` |');
    expect(text).toContain('- `b` reverted: reverted: images fails');
    expect(text).toContain('reverts 1 of 0');
    expect(text).toMatch(/\*\*continue\*\*[^]*\*\*undo\*\*[^]*\*\*keep\*\*/);
    expect(text).toMatch(/Terminate\* ends only this workflow: open changes go on by themselves, and end alone/);
    expect(text).not.toContain('<script>');
  });

  it('are one screen also with hundreds of targets', () => {
    const waves = Array.from({ length: 20 }, (_, wave) => Array.from({ length: 20 }, (_one, n) => `shop-${wave}-${n}`));
    const plan = aPlan({ waves });
    const text = rolloutDetails(rolloutView(openState(plan), plan, { rolloutId: 'r', outcome: null }));
    expect(text.split('\n').length).toBeLessThan(60);
    expect(text.length).toBeLessThan(6_000);
  });

  it('say nothing of what can be pressed when it is over', () => {
    expect(rolloutDetails(seen(aPlan(), { phase: 'closed', outcome: 'done' }))).not.toContain('What you can do');
  });
});

describe('a notice', () => {
  const where = { workflowId: 'knowngood-rollout:more-mem', runId: 'r', at: 0 };
  for (const [name, event, view, want] of [
    ['tells that it begins', 'started', seen(aPlan()), { kind: 'armed', severity: 'info', ends: false }],
    ['tells that it is halted and undoes', 'halted', seen(aPlan()), { kind: 'reverting', severity: 'warning' }],
    ['tells that it asks', 'halted', seen(aPlan({ onHalt: 'ask' })), { kind: 'holding', severity: 'warning' }],
    ['tells that it is done', 'ended', seen(aPlan(), { outcome: 'done' }), { kind: 'kept', ends: true }],
    ['tells that it is undone', 'ended', seen(aPlan(), { outcome: 'undone' }), { kind: 'reverted', ends: true }],
    ['tells what was not undone', 'ended', seen(aPlan(), { outcome: 'undone-in-part' }), { kind: 'ended', ends: true }],
  ] as const)
    it(name, () => {
      const notice = rolloutNotice(event, 1, view, where);
      expect(notice).toMatchObject({ ...want, target: 'fleet', changeId: 'more-mem' });
      expect(notice.headline.length).toBeLessThanOrEqual(200);
      expect(notice.key).toBe(`rollout.more-mem:${event}:1`);
    });
  it('says what can be done where somebody is asked', () => {
    expect(rolloutNotice('halted', 1, seen(aPlan({ onHalt: 'ask' })), where).actions).toHaveLength(2);
  });
});

describe('the report', () => {
  const report: RolloutReport = {
    version: 1,
    rolloutId: 'more-mem',
    outcome: 'undone',
    summary: evil,
    problems: [],
    startedAt: 0,
    closedAt: 90_000,
    requestedBy: 'kim',
    reason: evil,
    halt: 'one too many',
    targets: [{ target: 'a', wave: 0, state: 'undone', why: evil, change: null, undo: null }],
  };
  it('is Markdown in which the words of others stay words', () => {
    const text = rolloutMarkdown(report);
    expect(text).toContain('# Rollout more-mem: undone');
    expect(text).toContain('| 1 | `a` | **undone** |');
    expect(text).not.toContain('<script>');
  });
  it('is a page in which they stay words, too, and that loads nothing', () => {
    const html = rolloutHtml(report);
    expect(html).toContain('1 min 30 s');
    expect(html).not.toMatch(/<script|src=|href=/);
  });
});
