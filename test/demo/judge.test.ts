/** What the demo calls a surprise. */
import { describe, expect, it } from '@jest/globals';
import { surprises } from '../../demo/judge.ts';
import { scenarios } from '../../demo/scenarios.ts';
import { aRun } from './a-run.ts';

const { outage, healthy } = scenarios;
const otherMode = { ...aRun().before, 'pg_hba.conf': 'aaaa 0640 999:999' };

describe('the judgement of a run', () => {
  it('finds nothing in a run that was reverted as it has to be', () => {
    expect(surprises(outage, aRun())).toEqual([]);
  });

  for (const [what, run, surprise] of [
    ['another outcome', aRun({ result: { outcome: 'kept' } }), 'the outcome is kept, not reverted'],
    ['another reason', aRun({ result: { reason: 'contact-lost' } }), 'the reason is contact-lost, not check-failed'],
    [
      'a file with another mode',
      aRun({ after: otherMode }),
      'not as before in bytes, mode, owner or privileges: pg_hba.conf',
    ],
    [
      'a file that is gone',
      aRun({ after: {} }),
      'not as before in bytes, mode, owner or privileges: pg_hba.conf, postgresql.conf',
    ],
    [
      'dependents that still suffer',
      aRun({ result: { dependents: 'still-failing' } }),
      'the dependents are still-failing',
    ],
    ['another exit code', aRun({ exitCode: 1 }), 'the command line ended with 1, not 10'],
    [
      'a page that does not load',
      aRun({ shopWorks: { page: false, freshImage: true } }),
      'a product page does not load',
    ],
    [
      'a picture that does not load',
      aRun({ shopWorks: { page: true, freshImage: false } }),
      'a picture that is not cached',
    ],
  ] as const) {
    it(`names ${what}`, () => {
      const found = surprises(outage, run);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(surprise);
    });
  }

  it('misses the change in a kept run that changed no file', () => {
    const kept = aRun({ exitCode: 0, result: { outcome: 'kept', reason: 'soak-healthy', dependents: 'unaffected' } });
    expect(surprises(healthy, kept)).toEqual(['the upgrade was kept, but nothing changed']);
    expect(surprises(healthy, { ...kept, after: otherMode })).toEqual([]);
  });
});
