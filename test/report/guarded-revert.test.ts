/** The report of a guarded change that was really reverted: what the server's log said, and evidence that verifies. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ReportModel } from '../../domain/report/report.ts';
import { verifyEvidence } from '../../report/evidence.ts';
import { command } from '../support/cli.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({ observe: '{ serverLog: true }' });

describe('a change that denied the dependent', () => {
  it('leaves a report that tells how it was found, decided, taken back and verified', async () => {
    const change = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
    });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
    const { report } = await rig().recorded(change.changeId);
    if (report === null) throw new Error('there is a report');
    const { json, html, evidence } = report as typeof report & { json: ReportModel };
    const { detectMs, decideMs, revertMs, verifyMs } = json.spans;
    for (const ms of [detectMs, decideMs, revertMs, verifyMs]) expect(ms).toEqual(expect.any(Number));
    expect(json.moments.map(({ name }) => name)).toContain('reverting');
    expect(json.decisions.map(({ what }) => what)).toEqual(['ask for the change', 'revert']);
    expect(json.failing.codes[0]).toMatchObject({ code: '28000', class: 'access' });
    expect(json.log?.unread).toBe('');
    const said = json.log?.lines.map(({ text }) => text).join('\n');
    expect(said).toContain('no pg_hba.conf entry for host "127.0.2.1", user "image_svc"');
    expect(said).toContain('received SIGHUP');
    expect(html).toContain('no pg_hba.conf entry');
    expect(verifyEvidence(evidence ?? '', { fingerprint: null, html })).toMatchObject({ kind: 'valid' });
    // 64 KiB is what a payload may have.
    expect(JSON.stringify(json.log).length).toBeLessThan(20_000);
  });

  it('names the operator who aborted it; its evidence is exported, and one that was edited is refused', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '9MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.executeUpdate('abort', { args: ['kim: not now'] });
    await change.outcome();
    const file = join(rig().folder, 'evidence.json');
    const page = join(rig().folder, 'page.html');
    const config = ['--config', join(rig().folder, 'knowngood.yaml')];
    expect(await command('report', change.changeId, '--evidence', file, '--html', page, ...config)).toMatchObject({
      code: 0,
      out: '',
    });
    const verified = await command('report', 'verify', file, '--page', page);
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('reverted') });
    const text = await readFile(file, 'utf8');
    const { payload } = JSON.parse(text) as { payload: string };
    const said = Buffer.from(payload, 'base64').toString();
    expect(said).toContain('"who":"kim"');
    const edited = Buffer.from(said.replace('"who":"kim"', '"who":"eve"')).toString('base64');
    await writeFile(file, text.replace(payload, edited));
    const refused = await command('report', 'verify', file);
    expect(refused).toMatchObject({ code: 1, out: 'invalid: its signature does not fit its content' });
    expect(await command('report', 'verify', join(rig().folder, 'none.json'))).toMatchObject({ code: 1 });
  });
});
