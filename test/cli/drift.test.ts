/** `knowngood drift` on real parts: look, exit codes, back to known-good as a guarded change, or accepted. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DriftFound } from '../../workflows/watch-drift.ts';
import { exitCodeOfLooks } from '../../cli/commands/drift.ts';
import { command, startCommand } from '../support/cli.ts';
import { accept, edit, reload, sqlOn } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  agentYaml: () => 'allow: { sql: true }',
  policy: 'approvals: { low: 0, high: 1 }\n    fourEyes: false',
});
const config = (): string[] => ['--config', join(rig().folder, 'knowngood.yaml')];
const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';

beforeAll(async () => {
  const first = await accept(rig());
  await first.reaches('approve');
  await first.executeUpdate('approve', { args: ['kim: first'] });
  await first.outcome();
});

describe('looking', () => {
  it('says that there is no drift, of one target or of all', async () => {
    const run = await command('drift', ...config(), '--exit-code');
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/^no drift {2}t-\w+ {2}as its known-good snapshot of /);
    expect((await command('drift', rig().targetName, ...config(), '--json')).json()).toMatchObject({
      version: 1,
      targets: [{ target: rig().targetName, kind: 'clean' }],
    });
  });

  it('shows drift, whom it hits and since when, and ends in 16 when it is asked to', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
    await reload(rig());
    const run = await command('drift', rig().targetName, ...config());
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/^DRIFT {2}t-\w+\n\nwhat\n {2}file:.*pg_hba\.conf {2}.*content \(in force\)/);
    expect(run.out).toMatch(/whom it hits\n {2}image_svc to shop from 127\.0\.2\.1 \(image-service\) loses access/);
    expect(run.out).toMatch(/\n-host shop image_svc/);
    expect(await command('drift', ...config(), '--exit-code')).toMatchObject({ code: 16 });
  });

  it('does not know a target that is not there', async () => {
    const run = await command('drift', 'no-such-target', ...config());
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch('unknown target "no-such-target"');
  });
});

describe('going back', () => {
  it('is shown first, touching nothing', async () => {
    const before = await rig().configuration();
    const run = await command('drift', 'revert', rig().targetName, ...config(), '--dry-run');
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/\n\+host shop image_svc/);
    expect(await rig().configuration()).toEqual(before);
  });

  it('is a guarded change, after which there is no drift: files, settings that wait, and roles', async () => {
    await sqlOn(rig(), 'alter role image_svc nologin', `alter system set work_mem = '9MB'`);
    const running = startCommand(['drift', 'revert', rig().targetName, ...config(), '--change-id', 'back', '--json']);
    await eventually('it asks for approval', async () => {
      const status = await command('status', 'back', ...config(), '--json');
      return status.code === 0 && status.json()['phase'] === 'approve';
    });
    expect(await command('approve', `${rig().targetName}:back`, ...config(), '--as', 'kim')).toMatchObject({ code: 0 });
    const run = await running.done;
    expect(run.json()).toMatchObject({ outcome: 'kept', exitCode: 0 });
    expect(await command('drift', ...config(), '--exit-code')).toMatchObject({ code: 0 });
  });
});

describe('accepting', () => {
  it('makes what is live known-good, once it is approved', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => `${text}host shop image_svc 127.0.3.0/24 scram-sha-256\n`);
    await reload(rig());
    const running = startCommand([
      'drift',
      'accept',
      rig().targetName,
      ...config(),
      '--reason',
      'a new rack',
      '--json',
    ]);
    await eventually('it is shown', async () => running.err().includes('approve it with:'), 20_000);
    expect(running.err()).toMatch(/\n\+host shop image_svc 127\.0\.3\.0\/24/);
    const said = await command('drift', 'approve', rig().targetName, ...config(), '--as', 'kim', '--reason', 'seen');
    expect(said).toMatchObject({ code: 0, err: '' });
    const run = await running.done;
    expect(run).toMatchObject({ code: 0 });
    expect(run.json()).toMatchObject({ version: 1, outcome: 'accepted', exitCode: 0, approvals: [{ who: 'kim' }] });
    expect(await command('drift', ...config(), '--exit-code')).toMatchObject({ code: 0 });
    expect(await command('drift', 'accept', rig().targetName, ...config(), '--reason', 'again')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^nothing {2}/),
    });
  });

  it('that is rejected ends in 11, and that is refused in 13', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => text.replace('127.0.3.0', '127.0.4.0'));
    expect(await command('drift', 'accept', rig().targetName, ...config(), '--reason', 'not loaded')).toMatchObject({
      code: 13,
      err: expect.stringContaining('was changed after the server last loaded its configuration'),
    });
    await reload(rig());
    const asked = await command(
      'drift',
      'accept',
      rig().targetName,
      ...config(),
      '--reason',
      'x',
      '--id',
      'x',
      '--detach',
    );
    expect(asked).toMatchObject({ code: 15 });
    const attached = startCommand(['drift', 'accept', rig().targetName, ...config(), '--reason', 'x', '--id', 'x']);
    await eventually('it is shown', async () => attached.err().includes('approve it with:'), 20_000);
    expect(await command('drift', 'reject', `${rig().targetName}:x`, ...config(), '--as', 'kim')).toMatchObject({
      code: 0,
    });
    expect(await attached.done).toMatchObject({ code: 11 });
    expect((await command('drift', 'approve', `${rig().targetName}:x`, ...config())).code).toBe(1);
  });
});

describe('the exit code of looks', () => {
  const clean = { kind: 'clean', snapshotId: '', knownGoodAt: null, schemaItems: 0 } as const;
  const drifted = { kind: 'drifted' } as DriftFound;
  const because = (code: string): DriftFound => ({ kind: 'not-looked', problems: [{ code, message: code }] });
  for (const [name, looks, byCode, want] of [
    ['is 0 without drift', [clean], true, 0],
    ['is 0 with drift, unless it is asked for', [clean, drifted], false, 0],
    ['is 16 with drift when it is asked for', [clean, drifted], true, 16],
    ['is 14 when an open change kept from looking', [clean, because('target-busy')], true, 14],
    ['is 16 when something drifts beside an open change', [because('target-busy'), drifted], true, 16],
    ['is 1 when nobody could look, drift or not', [because('no-agent'), drifted], true, 1],
    ['is 1 when nobody could look, asked for or not', [because('no-known-good')], false, 1],
  ] as const) {
    it(name, () => expect(exitCodeOfLooks(looks, byCode)).toBe(want));
  }
});
