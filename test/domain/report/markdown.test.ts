/** A report in Markdown, as a ticket or a job summary shows it. */
import { expect, it } from '@jest/globals';
import { reportMarkdown } from '../../../domain/report/markdown.ts';
import { reportOf } from '../../../domain/report/report.ts';
import { anOutage } from '../../report/outage.ts';

it('reads as the write-up of an incident', () => {
  expect(reportMarkdown(reportOf(anOutage()))).toMatchInlineSnapshot(`
   "# image-service suffered; shop-db is back to known-good

   ## Summary

   Reverted: image-service/login was denied access two times in a row.

   |  |  |
   | --- | --- |
   | outcome | **reverted** (check-failed) |
   | target | \`shop-db\` |
   | change | \`upgrade-17\`, command \`upgrade\` |
   | asked for by | anna: scheduled upgrade of the database server |
   | started | 2026-03-01 10:00:00 UTC |
   | time to detect | 700 ms |
   | time to decide | 1 s |
   | time to revert | 2.8 s |
   | time to verify | 1.8 s |
   | time to recover | 1.8 s |
   | in all | 16 s |
   | dependents | recovered |
   | note | soak 2 min instead of 10 min |

   ## Impact

   - image-service/login (team application) failed 4 of 7 measurements while the change was in force, first at 10:00:09 UTC: no pg\\_hba.conf entry for host "127.0.2.1", user "image\\_svc", database "shop", no encryption (28000).
   - image-service/images (team application) failed 3 of 7 measurements while the change was in force, first at 10:00:10 UTC: status 503, not 200 (503).
   - From the first failure until every check passed again: 5.7 s.
   - All of them recovered with the configuration.

   | check | level | before | in force | after | in the end |
   | --- | --- | --- | --- | --- | --- |
   | \`image-service/login\` | required | 6/6 passed | 3/7 passed, 4 failed | 2/2 passed | recovered |
   | \`image-service/images\` | required | 6/6 passed | 1/7 passed, 3 failed, 3 while settling | 2/2 passed | recovered |
   | \`shop-app/pages\` | required | 6/6 passed | 7/7 passed | 2/2 passed | unaffected |

   ## Timeline

   | UTC | phase |  |
   | --- | --- | --- |
   | 10:00:00.000 | snapshot | taking the snapshot |
   | 10:00:00.000 |  | **started** |
   | 10:00:00.700 | baseline | measuring three checks before the change |
   | 10:00:06.200 | arm | journal and lease armed on the target |
   | 10:00:06.200 |  | **armed** |
   | 10:00:06.300 | apply | the agent runs its command upgrade |
   | 10:00:08.900 | watch | applied with a restart; watching for 10 min |
   | 10:00:08.900 |  | **applied** |
   | 10:00:09.600 |  | **first failure** |
   | 10:00:10.640 | revert | decided to revert: image-service/login: no pg\\_hba.conf entry for host "127.0.2.1", user "image\\_svc", database "shop", no encryption |
   | 10:00:10.640 |  | **decided** |
   | 10:00:10.640 |  | **revert began** |
   | 10:00:13.480 | verify | restored and proven on a new connection |
   | 10:00:13.480 |  | **restored** |
   | 10:00:15.300 | report | all checks pass again |
   | 10:00:15.300 |  | **recovered** |
   | 10:00:16.100 |  | **closed** |

   ## Root cause

   It was reverted because a dependent failed its check.

   image-service/login passed before the change and failed under it. It went away with the revert. The server refused the connection (28000): look at pg\\_hba.conf and at the role.

   What the change did is listed below.

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

   ### Failing measurements

   7 failing measurements: 4 × 28000 (access) and 3 × 503 (http).

   | UTC | check | code | said |
   | --- | --- | --- | --- |
   | 10:00:09.600 | \`image-service/login\` | \`28000 (access)\` | \`no pg_hba.conf entry for host "127.0.2.1", user "image_svc", database "shop", no encryption\` |
   | 10:00:10.600 | \`image-service/images\` | \`503 (http)\` | \`status 503, not 200\` |
   | 10:00:10.600 | \`image-service/login\` | \`28000 (access)\` | \`no pg_hba.conf entry for host "127.0.2.1", user "image_svc", database "shop", no encryption\` |
   | 10:00:11.600 | \`image-service/images\` | \`503 (http)\` | \`status 503, not 200\` |
   | 10:00:11.600 | \`image-service/login\` | \`28000 (access)\` | \`no pg_hba.conf entry for host "127.0.2.1", user "image_svc", database "shop", no encryption\` |
   | 10:00:12.600 | \`image-service/images\` | \`503 (http)\` | \`status 503, not 200\` |
   | 10:00:12.600 | \`image-service/login\` | \`28000 (access)\` | \`no pg_hba.conf entry for host "127.0.2.1", user "image_svc", database "shop", no encryption\` |

   ## Resolution

   2 items put back 2.8 s after the decision, and it was proven, not assumed.

   **Put back**

   - \`/etc/postgresql/pg_hba.conf: 1 line removed\` (restore)
   - \`max_connections: 200 → 100 (default)\` (restore)

   **Proof**

   - pg\\_hba: witness image\\_svc@shop from 127.0.2.1 answers sasl as before
   - snapshot equals the one before

   **Snapshots**

   - before \`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\`
   - change \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\`
   - after \`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\`

   **Decisions**

   | when | what | who | why |
   | --- | --- | --- | --- |
   | 2026-03-01 10:00:00 UTC | ask for the change | anna | scheduled upgrade of the database server |
   | 2026-03-01 10:00:05 UTC | approve | bob (claimed \`bob@example.org\`) | read the diff |
   | 2026-03-01 10:00:10 UTC | revert | Knowngood, by the policy | image-service/login: no pg\\_hba.conf entry for host "127.0.2.1", user "image\\_svc", database "shop", no encryption |

   ## Follow-ups

   - Mend your source too: the playbook, chart or script that brought this configuration will bring it again.
   - The revert restores configuration. Whatever else the command did (packages, data, other hosts) is as it left it.
   - A new try is a new change id; look at it first with: knowngood plan.
   "
  `);
});

it('sets the outage of April 12 beside it when asked', () => {
  const text = reportMarkdown(reportOf(anOutage({ compareWith: 'april-12' })));
  expect(text).toContain('### Beside April 12, 2024');
  expect(text).toContain('| All clear | 13:00 (+3 h) | 10:00:15.300 (+6.4 s) |');
});

it('lets no outside word become markup', () => {
  const evil = '<script>x</script> | [a](javascript:b)\n# big';
  const outage = anOutage();
  const text = reportMarkdown(
    reportOf({
      ...outage,
      change: { ...outage.change, reason: evil, requestedBy: evil, what: evil, notes: [evil] },
      result: {
        ...outage.result,
        summary: evil,
        conflicts: [evil],
        problems: [{ code: 'x', message: evil, detail: evil, hint: evil }],
        timeline: [{ at: 0, phase: 'watch', text: evil }],
      },
      details: { ...outage.details, proof: [evil], approvals: [{ who: evil, claim: evil, why: evil, at: 0 }] },
      samples: outage.samples.map((sample) => ({ ...sample, message: evil })),
    }),
  );
  const outsideCode = text.replace(/`[^`\n]*`/g, '');
  expect(outsideCode).not.toMatch(/[^\\]<script/);
  expect(outsideCode).not.toMatch(/[^\\]\[a/);
  expect(text).not.toMatch(/^# big/m);
  for (const row of text.split('\n').filter((line) => line.startsWith('| note')))
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(3);
});

it('lets no word fill it, whatever is said', () => {
  const evil = 'x'.repeat(1_000_000);
  const outage = anOutage();
  const { change, result, details, plan } = outage;
  const [check] = change.checks;
  const failure = outage.samples.find(({ mark }) => mark === 'fail');
  if (check === undefined || failure === undefined || plan === null) throw new Error('the outage has all of them');
  const text = reportMarkdown(
    reportOf({
      ...outage,
      change: { ...change, reason: evil, what: evil, notes: [evil], checks: [{ ...check, name: evil }] },
      plan: { ...plan, diff: evil },
      result: { ...result, conflicts: [evil], problems: [{ code: 'x', message: evil }] },
      details: {
        ...details,
        log: { lines: [{ time: '', level: 'LOG', text: evil, times: 1 }], more: 0, unread: '' },
        proof: [evil],
      },
      samples: [{ ...failure, check: evil, message: evil, code: evil }],
    }),
  );
  expect(text.length).toBeLessThan(300_000);
});
