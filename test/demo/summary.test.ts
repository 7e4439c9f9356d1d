/** The lines below the picture. */
import { describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { renderSummary } from '../../demo/summary.ts';
import { aRun } from './a-run.ts';

const plain = pc.createColors(false);
const addresses = {
  report: 'demo-output/knowngood-report-x.html',
  workflow: 'http://127.0.0.1:8233/namespaces/default/…',
};

describe('the summary of a run', () => {
  it('says outcome, dependents, what shoppers saw, files and where to look', () => {
    expect(renderSummary(aRun(), addresses, plain).join('\n')).toMatchInlineSnapshot(`
     "  outcome     reverted (check-failed)
       dependents  recovered
       shoppers    14 of 117 pictures broken; the CDN hid 12 more; 3 of 120 pages
       files       all 2 byte-identical to before, mode and owner too
       report      demo-output/knowngood-report-x.html
       workflow    http://127.0.0.1:8233/namespaces/default/…"
    `);
  });

  it('names the files of a revert that is not exact', () => {
    const run = aRun({ after: { ...aRun().before, 'pg_hba.conf': 'cccc 0600 999:999' } });
    expect(renderSummary(run, addresses, plain).join('\n')).toContain('1 of 2 changed: pg_hba.conf');
  });

  it('leaves out what there is not', () => {
    const text = renderSummary(aRun(), { report: null, workflow: null }, plain).join('\n');
    expect(text).not.toContain('report');
    expect(text).not.toContain('workflow');
  });
});
