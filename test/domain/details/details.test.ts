/** What an operator reads in the Web UI, phase by phase. */
import { describe, expect, it } from '@jest/globals';
import { currentDetails, type DetailsView } from '../../../domain/details/details.ts';
import { phases } from '../../../domain/phase.ts';
import { aProgress, checks, denial, plan, samples, start } from '../../report/outage.ts';

const failing = samples.find(({ mark }) => mark === 'fail') ?? null;

function aView(bent: Partial<DetailsView> = {}): DetailsView {
  return {
    target: 'shop-db',
    changeId: 'upgrade-17',
    changeKind: 'command',
    what: 'upgrade',
    requestedBy: 'anna',
    reason: 'scheduled upgrade',
    phase: 'watch',
    sinceMs: start,
    deadlineAt: start + 600_000,
    plan,
    progress: [aProgress()],
    checks,
    approvals: { given: [], needed: 1 },
    possible: ['abort', 'extend'],
    remaining: [],
    outcome: null,
    timeline: [{ at: start, phase: 'snapshot', text: 'taking the snapshot' }],
    ...bent,
  };
}

it('says in plain words where a change is, what silence does, and what one can do', () => {
  expect(currentDetails(aView({ possible: ['abort', 'extend', 'applied'] }))).toMatchInlineSnapshot(`
   "## watch · \`shop-db\`

   **The change is in force; its dependents are being watched.**

   |  |  |
   | --- | --- |
   | change | \`upgrade-17\`, a command change \`upgrade\` |
   | asked for by | anna: scheduled upgrade |
   | now | watch, since 2026-03-01 10:00:00 UTC |
   | next | **10:10:00 UTC**, then the change is kept if every required check is healthy |
   | approvals | **0 of 1** |

   ### What you can do

   *Request Cancellation* is an abort, too. Ended in any other way, the change is reverted by the agent on its own.

   *More Actions → Send an Update*, choose the name, paste the argument (the words are yours to change):

   | Update | argument | what it does |
   | --- | --- | --- |
   | **abort** | \`"anna: customers complain"\` | reverts the change |
   | **extend** | \`"10m: waiting for the caches"\` | moves the deadline |

   ### Checks

   | check | level | now | passed | last result |
   | --- | --- | --- | --- | --- |
   | \`image-service/login\` | required | passing | 3 of 3 | pass, 6 ms |
   | \`image-service/images\` | required | not measured yet | – | – |
   | \`shop-app/pages\` | required | not measured yet | – | – |

   As of 10:00:02 UTC. What begins to fail, or ceases to, is shown at once.

   ### What changes

   Effect: **restart**, risk: **high**, 2 items.

   - \`/etc/postgresql/pg_hba.conf: 1 line removed\` (reconnect)
   - \`max_connections: 200 → 100 (default)\` (restart)

   \`\`\`diff
   --- /etc/postgresql/pg_hba.conf
   +++ /etc/postgresql/pg_hba.conf
   @@ -1,4 +1,3 @@
    local   all   postgres                      peer
    host    shop  shop_app   127.0.1.1/32      scram-sha-256
   -host    shop  image_svc  127.0.2.1/32      scram-sha-256
   +# rules of the new version
    host    all   all        ::1/128           scram-sha-256
   \`\`\`

   ### So far

   - 10:00:00.000 taking the snapshot

   [Timeline](/namespaces/{namespace}/workflows/{workflowId}/{runId}/timeline) · [event history](/namespaces/{namespace}/workflows/{workflowId}/{runId}/history) · [pending activities](/namespaces/{namespace}/workflows/{workflowId}/{runId}/pending-activities) · [changes of this target](/namespaces/{namespace}/workflows?query=WorkflowType%3D%22guardedChange%22%20AND%20KnowngoodTarget%3D%22shop-db%22)

    
   "
  `);
});

describe('in every phase', () => {
  for (const phase of phases) {
    it(`${phase} it is a text that ends with an empty paragraph and offers whole JSON`, () => {
      const possible = ['approve', 'reject', 'confirm', 'abort', 'extend', 'acknowledge', 'abandon'];
      const text = currentDetails(aView({ phase, plan: null, checks: [], outcome: null, possible }));
      expect(text).toMatch(new RegExp(`^## ${phase} · \`shop-db\``));
      expect(text.endsWith('\n\n\u00a0\n')).toBe(true);
      const examples = [...text.matchAll(/^\| \*\*\w+\*\* \| `(.*?)` \|/gm)].map(([, example = '']) => example);
      expect(examples).toHaveLength(possible.length);
      for (const example of examples) expect(typeof JSON.parse(example)).toBe('string');
    });
  }
});

it('shows a failing check first, with the error in its own words', () => {
  const progress = [
    aProgress({ check: 'shop-app/pages' }),
    aProgress({ failsInARow: 2, fails: 2, last: failing, failingSince: start }),
  ];
  const rows = currentDetails(aView({ progress }))
    .split('\n')
    .filter((line) => line.startsWith('| `') && line.includes('required'));
  expect(rows[0]).toBe(
    `| \`image-service/login\` | required | **failing** since 10:00:00 UTC (2 in a row) | 3 of 5 | fail, access, 28000: \`${denial}\` |`,
  );
  expect(rows).toHaveLength(3);
});

it('names what remains of a revert, and the way without Temporal', () => {
  const remaining = [
    { code: 'server-down', message: 'the server does not start', detail: 'FATAL: x', hint: 'Look at its log.' },
  ];
  const text = currentDetails(
    aView({ phase: 'revert-incomplete', deadlineAt: null, remaining, possible: ['abandon'] }),
  );
  expect(text).toContain('THE REVERT IS NOT COMPLETE');
  expect(text).toContain('- the server does not start\n  - Detail: FATAL: x\n  - Hint: Look at its log.');
  expect(text).toContain('knowngood rescue shop-db --revert');
  expect(text).toContain('**abandon**');
});

it('counts approvals and offers both answers', () => {
  const given = [{ who: 'kim|x', claim: null, why: 'seen', at: start }];
  const text = currentDetails(
    aView({ phase: 'approve', approvals: { given, needed: 2 }, possible: ['approve', 'reject'] }),
  );
  expect(text).toContain('| approvals | **1 of 2**: kim\\|x at 10:00:00 UTC |');
  expect(text).toMatch(/\*\*approve\*\*[^]*\*\*reject\*\*/);
});

it('cuts a long diff, and stays small enough for history', () => {
  const diff = Array.from({ length: 500 }, (_, line) => `+line ${line} ${'x'.repeat(500)}`).join('\n');
  const items = Array.from({ length: 200 }, () => plan.items[0]!);
  const text = currentDetails(aView({ plan: { ...plan, diff, items, moreItems: 7 } }));
  expect(text).toContain('… 460 more lines; the report has all');
  expect(text).toContain('- … and 187 more');
  expect(text.length).toBeLessThan(32 * 1024);
});

it('lets no outside word become markup', () => {
  const evil = '</td><img src=x onerror=alert(1)> [x](javascript:y) | `` ` ``` {runId}\n\n# big';
  const text = currentDetails(
    aView({
      reason: evil,
      requestedBy: evil,
      what: evil,
      plan: { ...plan, diff: '+```\n+<b>', warnings: [evil], items: [{ ...plan.items[0]!, summary: evil }] },
      progress: [aProgress({ failsInARow: 1, last: { ...failing!, message: evil } })],
      remaining: [{ code: 'x', message: evil, detail: evil, hint: evil }],
      timeline: [{ at: start, phase: 'watch', text: evil }],
    }),
  );
  const outsideCode = text.replace(/(`+)[^]*?[^`]\1(?!`)/g, '');
  expect(outsideCode).not.toMatch(/(^|[^\\])<(?!\/)/);
  expect(outsideCode).not.toMatch(/(^|[^\\])\[x/);
  expect(text).not.toMatch(/^# big/m);
});
