/** The lines below the picture. */
import { describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { renderSummary, type Found } from '../../demo/summary.ts';
import type { CheckReport } from '../../domain/report/checks.ts';
import { aRun } from './a-run.ts';

const plain = pc.createColors(false);

function aCheck(name: string, state: CheckReport['state'], message: string | null = null): CheckReport {
  const [dependent = ''] = name.split('/');
  const failure = { check: name, at: 0, latencyMs: 2, mark: 'fail', class: 'access', code: '28000', message } as const;
  return {
    name,
    dependent,
    team: null,
    level: 'required',
    measures: '',
    before: null,
    during: null,
    after: null,
    firstFailure: message === null ? null : failure,
    worse: null,
    crossed: null,
    state,
    series: [],
    measured: 0,
  };
}

const checks = [
  aCheck('image-service/images', 'unaffected'),
  aCheck(
    'image-service/login',
    'recovered',
    'no pg_hba.conf entry for host "127.0.2.20", user "image_svc", database "shop"',
  ),
  aCheck('app-server/login', 'unaffected'),
];
const found: Found = {
  report: { path: 'demo-output/knowngood-report-x.html', model: { checks } },
  workflow: 'http://127.0.0.1:8233/namespaces/default/…',
};

describe('the summary of a run', () => {
  it('says outcome, dependents, what shoppers saw, files and where to look', () => {
    expect(renderSummary(aRun(), found, plain).join('\n')).toMatchInlineSnapshot(`
     "  outcome        reverted (check-failed)
       image-service  recovered: no pg_hba.conf entry for host "127.0.2.20", u…
       app-server     unaffected
       pictures       14 of 117 did not load; the CDN's cache hid 12 more
       pages          3 of 120 did not load
       files          all 2 byte-identical to before, mode and owner too
       report         demo-output/knowngood-report-x.html
       workflow       http://127.0.0.1:8233/namespaces/default/…"
    `);
  });

  it('says of a dependent what is true of its worst check', () => {
    const worse = [...checks, aCheck('app-server/pages', 'still-failing')];
    const lines = renderSummary(aRun(), { ...found, report: { path: '', model: { checks: worse } } }, plain);
    expect(lines.find((line) => line.includes('app-server'))?.trim()).toBe('app-server     still-failing');
  });

  it('names the files of a revert that is not exact', () => {
    const run = aRun({ after: { ...aRun().before, 'pg_hba.conf': 'cccc 0600 999:999' } });
    expect(renderSummary(run, found, plain).join('\n')).toContain('1 of 2 changed: pg_hba.conf');
  });

  it('calls no file identical that the new server could not take as it was', () => {
    const run = aRun({ majors: { before: '16', after: '17' }, adapted: ['postgresql.conf'] });
    const lines = renderSummary(run, found, plain).filter((line) => /server |files /.test(line));
    expect(lines.join('\n')).toMatchInlineSnapshot(`
     "  app-server     unaffected
       server         PostgreSQL 17 now, 16 before: a revert does not put it back
       files          1 of 2 byte-identical to before, mode and owner too; postgresql.conf as 17 takes it"
    `);
  });

  it('leaves out what there is not', () => {
    const text = renderSummary(aRun(), { report: null, workflow: null }, plain).join('\n');
    expect(text).not.toContain('report');
    expect(text).not.toContain('workflow');
    expect(text).not.toContain('image-service');
  });
});
