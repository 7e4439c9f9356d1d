/** What people read: each renderer once, and what must never get through to a terminal. */
import { describe, expect, it } from '@jest/globals';
import { renderChanges, renderSnapshots } from '../../cli/render/changes.ts';
import { renderFindings } from '../../cli/render/findings.ts';
import { renderJournal } from '../../cli/render/journal.ts';
import { renderPlan } from '../../cli/render/plan.ts';
import { renderProblems } from '../../cli/render/problem.ts';
import { renderResult, resultJson, resultMarkdown } from '../../cli/render/result.ts';
import { renderView } from '../../cli/render/view.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import type { ChangeResult } from '../../domain/result.ts';
import type { ChangeView } from '../../domain/view.ts';

const at = Date.UTC(2024, 3, 12, 10, 0, 0);

const aResult = (bend: Partial<ChangeResult> = {}): ChangeResult => ({
  outcome: 'reverted',
  reason: 'check-failed',
  summary: 'image-service/login failed 2 times with 28000; the configuration is back, proven',
  problems: [],
  target: 'shop-db',
  changeId: 'c-1',
  dependents: 'recovered',
  commandExitCode: 0,
  snapshots: { before: 'a'.repeat(64), change: 'b'.repeat(64), after: 'a'.repeat(64) },
  moments: {
    started: at,
    armed: at + 2000,
    applied: at + 5000,
    firstFailure: at + 6000,
    decided: at + 7000,
    restored: at + 7500,
    recovered: at + 9000,
    closed: at + 10_000,
  },
  conflicts: [],
  timeline: [{ at, phase: 'snapshot', text: 'requested' }],
  ...bend,
});

const aPlan = (bend: Partial<PlanSummary> = {}): PlanSummary => ({
  hash: 'f'.repeat(64),
  items: [
    { key: 'setting:work_mem', section: 'settings', action: 'set', effect: 'reload', summary: 'work_mem: 4MB → 64MB' },
  ],
  moreItems: 0,
  effect: 'reload',
  risk: 'low',
  diff: '--- a\n+++ b\n-work_mem = 4MB\n+work_mem = 64MB\n',
  warnings: ['one warning'],
  ...bend,
});

const aView = (bend: Partial<ChangeView> = {}): ChangeView => ({
  target: 'shop-db',
  changeId: 'c-1',
  requestedBy: 'kim@ops',
  reason: 'upgrade',
  phase: 'watch',
  since: at,
  deadlineAt: at + 600_000,
  atDeadline: 'the change is kept',
  plan: aPlan(),
  checks: [],
  progress: [
    {
      check: 'image-service/login',
      passes: 3,
      fails: 1,
      errors: 0,
      noData: 0,
      forgiven: 0,
      passesInARow: 0,
      failsInARow: 1,
      errorsInARow: 0,
      accessDenialsInARow: 1,
      firstAt: at,
      lastAt: at,
      longestGapMs: 0,
      failingSince: at,
      last: {
        check: 'image-service/login',
        at,
        latencyMs: 3,
        mark: 'fail',
        class: 'access',
        code: '28000',
        message: 'no pg_hba.conf entry',
      },
    },
  ],
  approvals: { needed: 0, given: [] },
  snapshots: { before: null, change: null, after: null },
  reasonCode: null,
  why: '',
  outcome: null,
  remaining: [],
  possible: ['abort', 'extend'],
  timeline: [{ at, phase: 'watch', text: 'watching' }],
  ...bend,
});

const links = {
  workflowId: 'knowngood:shop-db:c-1',
  ui: 'http://127.0.0.1:8233/namespaces/default/workflows/knowngood:shop-db:c-1',
};

describe('renderers', () => {
  it('show problems in the form of PostgreSQL', () => {
    const problem = {
      code: 'x',
      message: 'target "shop-db" has an open change',
      detail: 'c-0 is in phase watch.',
      hint: 'Wait for it.',
    };
    expect(renderProblems([problem])).toMatchInlineSnapshot(`
     "ERROR:  target "shop-db" has an open change
     DETAIL:  c-0 is in phase watch.
     HINT:  Wait for it."
    `);
  });

  it('show how a change ended', () =>
    expect(renderResult(aResult(), links)).toMatchInlineSnapshot(`
     "reverted: image-service/login failed 2 times with 28000; the configuration is back, proven
       change      shop-db:c-1
       dependents  recovered
       took        10 s
       restored    10:00:07 UTC, 1.5 s after the first failure
       command     exit code 0
       report      knowngood report shop-db:c-1
       workflow    http://127.0.0.1:8233/namespaces/default/workflows/knowngood:shop-db:c-1"
    `));

  it('say the outcome once, also when the summary begins with it', () => {
    const [first] = renderResult(aResult({ summary: 'reverted: check a failed' }), links).split('\n');
    expect(first).toBe('reverted: check a failed');
  });

  it('show what a rejected change was refused for', () => {
    const problems = [{ code: 'x', message: 'check a is red', detail: 'refused', hint: 'Mend it.' }];
    const rejected = aResult({
      outcome: 'rejected',
      reason: 'baseline-red',
      summary: 'check a is red',
      problems,
      dependents: 'not-measured',
      commandExitCode: null,
      moments: { ...aResult().moments, restored: null },
    });
    expect(renderResult(rejected, { ...links, ui: null })).toMatchInlineSnapshot(`
     "rejected: check a is red
       change      shop-db:c-1
       took        10 s
       problem     check a is red
                   refused
                   Mend it.
       report      knowngood report shop-db:c-1
       workflow    knowngood:shop-db:c-1"
    `);
  });

  it('give pipelines the exit code and a version', () => {
    expect(resultJson(aResult(), links)).toMatchObject({
      version: 1,
      exitCode: 10,
      outcome: 'reverted',
      commandExitCode: 0,
      workflowId: links.workflowId,
    });
  });

  it('write a job summary', () =>
    expect(resultMarkdown(aResult(), links)).toMatchInlineSnapshot(`
     "## Knowngood: reverted

     image-service/login failed 2 times with 28000; the configuration is back, proven

     | | |
     | --- | --- |
     | Change | \`shop-db:c-1\` |
     | Outcome | **reverted** (check-failed) |
     | Dependents | recovered |
     | Took | 10 s |
     | Command | exit code 0 |
     | Exit code | 10: reverted, in whole or in part; also aborted after arm, or the wrapped command failed |
     | Workflow | [knowngood:shop-db:c-1](http://127.0.0.1:8233/namespaces/default/workflows/knowngood:shop-db:c-1) |

     ### Timeline

     - 10:00:00 UTC · snapshot · requested
     "
    `));

  it('show a plan', () =>
    expect(renderPlan(aPlan())).toMatchInlineSnapshot(`
     "effect reload   risk low   plan ffffffffffff

       set  reload  work_mem: 4MB → 64MB

     WARNING:  one warning

     --- a
     +++ b
     -work_mem = 4MB
     +work_mem = 64MB"
    `));

  it('say that there is nothing to do', () => expect(renderPlan(aPlan({ items: [] }))).toMatch('nothing to do'));

  it('show a running change', () =>
    expect(renderView(aView(), at + 60_000)).toMatchInlineSnapshot(`
     "shop-db:c-1  watch for 1 min, 9 min left
       reason      upgrade
       by          kim@ops
       deadline    10:10:00 UTC (9 min left), then the change is kept
       plan        1 item, effect reload, risk low
       check       image-service/login  fail  3 passed, 1 failed, 0 without an answer  no pg_hba.conf entry
       possible    abort, extend
       10:00:00 UTC  watch      watching"
    `));

  it('show the journal', () => {
    const change = {
      changeId: 'c-1',
      workflowId: links.workflowId,
      phase: 'applied' as const,
      changeKind: 'external',
      owner: 'r',
      since: at,
      snapshotId: 'a'.repeat(64),
      touched: true,
      lease: { contactMs: 30_000, progressMs: -1, onContactLost: 'revert' as const },
      commandRuns: 'upgrade',
      revertReason: null,
      waysBack: [
        { way: 'files' as const, open: true, detail: '/data' },
        { way: 'signal' as const, open: false, detail: 'no server process is seen from here' },
      ],
    };
    expect(renderJournal({ target: 'shop-db', change, last: null }, at + 1000)).toMatchInlineSnapshot(`
     "shop-db:c-1  applied for 1 s
       kind        external
       snapshot    aaaaaaaaaaaa
       written     perhaps: the change may have touched the server
       contact     30 s left, then the agent reverts
       deadline    run out, then the agent reverts
       command     "upgrade" may still run
       ways back   files: /data
                   signal: no, no server process is seen from here
       workflow    knowngood:shop-db:c-1"
    `);
    expect(renderJournal({ target: 'shop-db', change: null, last: null }, at)).toBe('shop-db: no open change');
    const last = {
      changeId: 'c-1',
      phase: 'reverted' as const,
      by: 'agent: contact lost',
      reason: 'contact-lost' as const,
    };
    expect(renderJournal({ target: 'shop-db', change: null, last: { ...last, snapshotId: null, at } }, at))
      .toMatchInlineSnapshot(`
     "shop-db: no open change
       last        c-1: reverted by agent: contact lost (contact-lost), 2024-04-12 10:00:00 UTC"
    `);
  });

  it('list changes and snapshots', () => {
    const startedAt = new Date(at);
    const changes = [{ target: 'shop-db', changeId: 'c-1', open: true, phase: 'watch', outcome: null, startedAt }];
    expect(renderChanges(changes)).toMatchInlineSnapshot(`
     "CHANGE       STATE  STARTED
     shop-db:c-1  watch  2024-04-12 10:00:00 UTC"
    `);
    expect(renderChanges([])).toBe('no changes');
    expect(
      renderSnapshots([
        { id: 'a'.repeat(64), takenAt: startedAt, changeId: null, knownGoodAt: startedAt, version: '17.10' },
      ]),
    ).toMatchInlineSnapshot(`
     "SNAPSHOT      TAKEN                    VERSION  CHANGE
     aaaaaaaaaaaa  2024-04-12 10:00:00 UTC  17.10    -       known-good"
    `);
  });

  it('show what the doctor found', () => {
    const text = renderFindings([{ mark: 'problem', what: 'worker', text: 'none', hint: 'Start one.' }]);
    expect(text).toMatch(/^PROBLEM {2}worker: none\n +HINT: {2}Start one\./);
    expect(text).toMatch('not covered:');
  });
});

describe('words of strangers', () => {
  const evil = 'a\u001b]0;owned\u0007b\u001b[2Jc\u202Ed\r\ne';
  const clean = /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]*$/;
  for (const [name, text] of [
    ['a problem', renderProblems([{ code: 'x', message: evil, detail: evil, hint: evil }])],
    [
      'a result',
      renderResult(aResult({ summary: evil, conflicts: [evil], problems: [{ code: 'x', message: evil }] }), links),
    ],
    ['a summary', resultMarkdown(aResult({ summary: evil, timeline: [{ at, phase: 'watch', text: evil }] }), links)],
    ['a plan', renderPlan(aPlan({ diff: evil, warnings: [evil] }))],
    ['a view', renderView(aView({ reason: evil, why: evil, requestedBy: evil, atDeadline: evil }), at)],
  ] as const) {
    it(`do not steer the terminal from ${name}`, () => expect(text).toMatch(clean));
  }
});
