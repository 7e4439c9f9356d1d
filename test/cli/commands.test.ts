/** The commands around a change, on real parts: plan, apply, approvals, snapshots, reports, rescue, doctor, status. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { command, startCommand } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { freePort, useRig } from '../support/rig.ts';

const rig = useRig({ policy: 'approvals: { low: 1, high: 1 }\n    fourEyes: false' });
let ids = 0;
const newId = (): string => `c-${(ids += 1)}`;
const config = (): string[] => ['--config', join(rig().folder, 'knowngood.yaml')];

function changeFile(change: object, more: object = {}): string {
  const path = join(rig().folder, `change-${(ids += 1)}.yaml`);
  writeFileSync(path, JSON.stringify({ target: rig().targetName, reason: 'a test', change, ...more }));
  return path;
}

const phaseOf = async (id: string): Promise<unknown> => {
  const status = await command('status', id, ...config(), '--json');
  return status.code === 0 ? status.json()['phase'] : null;
};

/** Applies, approves, waits. */
async function applyApproved(id: string, change: object) {
  const running = startCommand(['apply', changeFile(change), '--change-id', id, '--json', ...config()]);
  await eventually('it asks for approval', async () => (await phaseOf(id)) === 'approve', 20_000);
  const approved = await command('approve', rig().targetName, ...config(), '--as', 'kim', '--reason', 'seen');
  expect(approved).toMatchObject({ code: 0, err: '' });
  return running.done;
}

describe('a declared change', () => {
  it('is planned without touching anything', async () => {
    const before = await rig().configuration();
    const run = await command('plan', changeFile({ settings: { work_mem: '5MB' } }), ...config());
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/effect reload[^]*work_mem/);
    expect(await rig().configuration()).toEqual(before);
  });

  it('that preflight refuses ends in 13, planned or applied', async () => {
    const file = changeFile({ settings: { no_such_setting: 1 } });
    expect(await command('plan', file, ...config())).toMatchObject({ code: 13 });
    expect(await command('apply', file, '--change-id', newId(), ...config())).toMatchObject({ code: 13 });
  });

  it('waits for an approval, and is kept', async () => {
    const run = await applyApproved(newId(), { settings: { work_mem: '5MB' } });
    expect(run.json()).toMatchObject({ outcome: 'kept', exitCode: 0 });
  });

  it('that is rejected ends in 11 and touches nothing', async () => {
    const before = await rig().configuration();
    const id = newId();
    const running = startCommand([
      'apply',
      changeFile({ settings: { work_mem: '6MB' } }),
      '--change-id',
      id,
      ...config(),
    ]);
    await eventually('it asks for approval', async () => (await phaseOf(id)) === 'approve', 20_000);
    expect(await command('confirm', id, ...config())).toMatchObject({ code: 1 });
    expect(await command('reject', id, ...config(), '--reason', 'not today')).toMatchObject({ code: 0 });
    expect(await running.done).toMatchObject({ code: 11 });
    expect(await rig().configuration()).toEqual(before);
  });

  it('with a mistake in its file is refused before anything is sent', async () => {
    const run = await command('apply', changeFile({ setings: {} }), ...config());
    expect(run.code).toBe(1);
    expect(run.err).toMatch(
      /change-\d+\.yaml:1:\d+: change: unknown key "setings"\nHINT: {2}Did you mean "settings"\?/,
    );
  });
});

describe('looking', () => {
  it('takes, lists, shows and compares snapshots', async () => {
    const { targetName } = rig();
    const taken = await command('snapshot', 'take', targetName, ...config());
    expect(taken).toMatchObject({ code: 0 });
    expect(taken.out).toMatch(/^[0-9a-f]{64}$/);
    const list = await command('snapshot', 'list', targetName, ...config());
    expect(list.out).toContain(taken.out.slice(0, 12));
    const shown = await command('snapshot', 'show', targetName, taken.out.slice(0, 12), ...config());
    expect(shown.out).toMatch(/pg_hba\.conf/);
    expect(shown.out).not.toContain('SCRAM-SHA-256$');
    expect(await command('snapshot', 'diff', targetName, taken.out, taken.out, ...config())).toMatchObject({
      code: 0,
      out: 'no difference',
    });
    expect(await command('snapshot', 'show', targetName, 'ffffffffffff', ...config())).toMatchObject({ code: 1 });
  });

  it('goes back to a snapshot, or shows what that would do', async () => {
    const taken = await command('snapshot', 'take', rig().targetName, ...config());
    await applyApproved(newId(), { settings: { work_mem: '11MB' } });
    const restore = ['snapshot', 'restore', taken.out.slice(0, 12), ...config()];
    const before = await rig().configuration();
    const shown = await command(...restore, '--only', 'setting:work_mem', '--dry-run');
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).toMatch(/effect reload[^]*setting|work_mem: 11MB → [^]*-work_mem = '11MB'/);
    expect(await rig().configuration()).toEqual(before);
    expect(await command(...restore, '--only', 'setting:wrok_mem', '--dry-run')).toMatchObject({ code: 13 });
    expect(await command('snapshot', 'restore', 'ffffffffffff', ...config())).toMatchObject({ code: 1 });
    const id = newId();
    const running = startCommand([...restore, '--change-id', id, '--json']);
    await eventually('it asks for approval', async () => (await phaseOf(id)) === 'approve', 20_000);
    await command('approve', id, ...config(), '--as', 'kim');
    expect((await running.done).json()).toMatchObject({ outcome: 'kept', exitCode: 0 });
    const now = await command('snapshot', 'take', rig().targetName, ...config());
    expect(now.out).toBe(taken.out);
  });

  it('shows the report of a change in three forms', async () => {
    const id = newId();
    await applyApproved(id, { settings: { work_mem: '7MB' } });
    const page = join(rig().folder, 'report.html');
    const run = await command('report', `${rig().targetName}:${id}`, ...config());
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toContain(id);
    expect(await command('report', id, '--html', page, ...config())).toMatchObject({ code: 0, out: '' });
    expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>/i);
    expect((await command('report', rig().targetName, '--json', ...config())).json()).toMatchObject({
      version: 1,
      changeId: id,
    });
    expect(await command('report', 'no-such-change', ...config())).toMatchObject({ code: 1 });
  });

  it('shows a closed change with its outcome', async () => {
    const id = newId();
    await applyApproved(id, { settings: { work_mem: '8MB' } });
    const run = await command('status', id, ...config());
    expect(run).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/kept/);
  });

  it('examines everything, and says what is not covered', async () => {
    const run = await command('doctor', ...config(), '--agent-config', join(rig().folder, 'agent.yaml'));
    expect(run.out).toMatch(/not covered:/);
    expect(run.out).not.toMatch('PROBLEM');
    expect(run).toMatchObject({ code: 0 });
  });

  it('prints the SQL of roles that can take the place of a superuser, and nothing else', async () => {
    const agent = ['--agent-config', join(rig().folder, 'agent.yaml')];
    expect(await command('doctor', '--sql', ...config(), ...agent)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^-- Roles of Knowngood for target [^]*grant knowngood_reader to knowngood_reverter;/),
      err: '',
    });
    const another = await command('doctor', '--sql', '--target', 'other-db', ...config(), ...agent);
    expect(another).toMatchObject({ code: 1, out: '', err: expect.stringContaining('there is no target "other-db"') });
  });

  it('prints no SQL for a server that nobody could ask', async () => {
    const away = join(rig().folder, 'agent-away.yaml');
    const text = await readFile(join(rig().folder, 'agent.yaml'), 'utf8');
    writeFileSync(away, text.replace(`:${rig().target.port}/`, `:${await freePort()}/`));
    const run = await command('doctor', '--sql', ...config(), '--agent-config', away);
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toMatch('cannot connect');
  });

  it('does not know a change that nobody has started', async () => {
    const run = await command('status', 'no-such-change', ...config());
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch('no change and no target "no-such-change"');
  });
});

describe('without Temporal', () => {
  const away = async (): Promise<string[]> => {
    const text = await readFile(join(rig().folder, 'knowngood.yaml'), 'utf8');
    const path = join(rig().folder, 'away.yaml');
    writeFileSync(path, text.replace(/temporal: .*/, `temporal: { address: '127.0.0.1:${await freePort()}' }`));
    return ['--config', path];
  };

  it('says so within seconds', async () => {
    const run = await command('apply', changeFile({ settings: { work_mem: '5MB' } }), ...(await away()));
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch('no Temporal server answers');
  });

  it('a worker says so in plain words, too', async () => {
    const run = await command('worker', ...(await away()));
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch(/no Temporal server answers at 127[^]*DETAIL: +connect ECONNREFUSED 127[^]*\nHINT/);
  });

  it('status falls back to the journal on this host, and rescue puts things back by it', async () => {
    const before = await rig().configuration();
    const id = newId();
    const running = startCommand(['guard', rig().targetName, '--change-id', id, ...config(), '--', 'sleep', '8']);
    await eventually('it asks for approval', async () => (await phaseOf(id)) === 'approve', 20_000);
    expect(await command('approve', id, ...config(), '--as', 'kim')).toMatchObject({ code: 0, err: '' });
    await eventually('the command runs', async () => (await phaseOf(id)) === 'apply', 20_000);
    writeFileSync(
      `${rig().target.dataDir}/postgresql.conf`,
      `${await readFile(`${rig().target.dataDir}/postgresql.conf`, 'utf8')}work_mem = 9MB\n`,
    );
    const agent = ['--agent-config', join(rig().folder, 'agent.yaml')];
    const status = await command('status', ...(await away()), ...agent);
    expect(status).toMatchObject({ code: 0 });
    expect(status.out).toContain(`${rig().targetName}:${id}  armed`);
    const shown = await command('rescue', rig().targetName, '--show', ...agent, '--json');
    expect(shown.json()).toMatchObject({ version: 1, change: { changeId: id } });
    const plan = await command('rescue', rig().targetName, '--show', ...agent);
    expect(plan.out).toMatch(/a revert would[^]*-work_mem = 9MB/);
    const rescued = await command('rescue', rig().targetName, '--revert', ...agent);
    expect(rescued).toMatchObject({ code: 0 });
    expect(rescued.out).toMatch('reverted');
    expect(await rig().configuration()).toEqual(before);
    const ended = await command('status', id, ...(await away()), ...agent);
    expect(ended.out).toMatch(new RegExp(`last +${id}: reverted by rescue on the host`));
    expect(await running.done).toMatchObject({ code: 10 });
  });

  it('rescue needs to be told what to do, and for which target', async () => {
    const agent = ['--agent-config', join(rig().folder, 'agent.yaml')];
    expect(await command('rescue', rig().targetName, ...agent)).toMatchObject({ code: 1 });
    const other = await command('rescue', 'other', '--show', ...agent);
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toMatch(`is for target "${rig().targetName}"`);
  });
});
