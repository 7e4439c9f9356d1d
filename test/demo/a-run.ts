/** A scenario's run as the demo saw it, to bend one thing of. */
import type { ScenarioRun } from '../../demo/scenario-run.ts';
import type { ChangeResult } from '../../domain/result.ts';

const files = { 'pg_hba.conf': 'aaaa 0600 999:999', 'postgresql.conf': 'bbbb 0600 999:999' };

export function aRun(
  bent: Omit<Partial<ScenarioRun>, 'result'> & { result?: Partial<ChangeResult> } = {},
): ScenarioRun {
  const { result, ...rest } = bent;
  return {
    workflowId: 'knowngood:shop-db:april-12-outage',
    runId: 'a-run',
    exitCode: 10,
    before: files,
    after: files,
    majors: { before: '17', after: '17' },
    adapted: [],
    saw: { pages: 120, brokenPages: 3, images: 117, brokenImages: 14, hiddenByCdn: 12 },
    shopWorks: { page: true, freshImage: true },
    ...rest,
    result: {
      outcome: 'reverted',
      reason: 'check-failed',
      summary: 'reverted: image-service/login was denied twice in a row',
      problems: [],
      target: 'shop-db',
      changeId: 'april-12-outage',
      dependents: 'recovered',
      commandExitCode: 0,
      snapshots: { before: 's', change: 'c', after: 's' },
      moments: {
        started: 0,
        armed: 1000,
        applied: 2000,
        firstFailure: 2100,
        decided: 2600,
        restored: 3000,
        recovered: 4500,
        closed: 4700,
      },
      conflicts: [],
      timeline: [],
      ...result,
    },
  };
}
