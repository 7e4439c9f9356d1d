/** The workflow on real parts: what is asserted is the configuration that is left. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { rescueShow } from '../../agent/rescue.ts';
import { loadAgentConfig } from '../../config/load.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  agentYaml: (target) => `
commands:
  tune: { run: [sh, -c, 'echo "work_mem = 7MB" >> ${target.dataDir}/postgresql.conf'] }
  fail: { run: [sh, -c, 'echo "work_mem = 9MB" >> ${target.dataDir}/postgresql.conf; echo went wrong >&2; exit 3'] }
`,
});

const harmless = { kind: 'config', settings: { work_mem: '6MB' } } as const;

describe('a guarded change', () => {
  it('keeps a harmless setting, and its snapshot becomes known-good', async () => {
    const change = await rig().start({ change: harmless });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept', reason: 'soak-healthy', dependents: 'unaffected' });
    expect(await readFile(join(rig().target.dataDir, 'postgresql.auto.conf'), 'utf8')).toContain("work_mem = '6MB'");
  });

  it('reverts a pg_hba.conf that denies the dependent, to the byte', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': await rig().hbaWithoutDependent() } },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed', dependents: 'recovered' });
    expect(await rig().configuration()).toEqual(before);
    expect(result.moments.restored).not.toBeNull();
  });

  it('reverts what an operator aborts in mid-soak', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.executeUpdate('abort', { args: ['Kim: not now'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
  });

  it('reverts what a client cancels in mid-soak', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.cancel();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'cancelled' });
    expect(await rig().configuration()).toEqual(before);
  });

  it('rejects with every reason what the agent does not allow, and touches nothing', async () => {
    const before = await rig().configuration();
    const change = await rig().start({
      change: { kind: 'config', settings: { archive_command: 'rm -rf /', no_such_thing: 1 } },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
    expect(result.problems).toHaveLength(2);
    expect(await rig().configuration()).toEqual(before);
  });

  it('says who holds a busy target', async () => {
    const first = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '60s' },
    });
    await first.reaches('watch');
    const second = await rig().start({ change: harmless });
    const result = await second.outcome();
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'target-busy' });
    expect(result.problems[0]?.detail).toContain(first.changeId);
    await first.signal('abort', 'Kim: make room');
    expect(await first.outcome()).toMatchObject({ outcome: 'reverted' });
  });

  it('runs a command that the agent names, and keeps what it did', async () => {
    const change = await rig().start({ change: { kind: 'command', name: 'tune' } });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept', commandExitCode: 0 });
  });

  it('reverts what a failed command left behind', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'command', name: 'fail' } });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'apply-failed', commandExitCode: 3 });
    expect(await rig().configuration()).toEqual(before);
  });

  it('lets a pipeline do the work between awaitArmed and applied', async () => {
    const change = await rig().start({ change: { kind: 'external', description: 'append a line' } });
    expect(await change.executeUpdate('awaitArmed')).toEqual({ armed: true, goodForMs: 15_000 });
    const path = join(rig().target.dataDir, 'postgresql.conf');
    writeFileSync(path, `${await readFile(path, 'utf8')}\nwork_mem = 5MB\n`);
    await change.executeUpdate('applied', { args: [{ exitCode: 0 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept', commandExitCode: 0 });
  });

  it('an extension reaches the agent, whatever a pipeline asks at the same moment', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.executeUpdate('awaitArmed');
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        change.executeUpdate('extend', { args: ['10m: it takes longer'] }),
        change.executeUpdate('awaitArmed'),
      ]);
      const { deadlineAt } = await change.view();
      const shown = rescueShow(await loadAgentConfig(join(rig().folder, 'agent.yaml')));
      const agentsOwn = shown.kind === 'open' ? Date.now() + shown.change.lease.progressMs : 0;
      expect(agentsOwn).toBeGreaterThan(deadlineAt ?? Infinity);
    }
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
  });

  it('reverts what a pipeline says has failed', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'external' } });
    await change.executeUpdate('awaitArmed');
    const path = join(rig().target.dataDir, 'pg_hba.conf');
    writeFileSync(path, '# all gone\n');
    await change.executeUpdate('failed', { args: [{ exitCode: 4 }] });
    expect(await change.outcome()).toMatchObject({
      outcome: 'reverted',
      reason: 'pipeline-failed',
      commandExitCode: 4,
    });
    expect(await rig().configuration()).toEqual(before);
  });

  it('tells a pipeline that waits how the change ended instead', async () => {
    const change = await rig().start({
      change: { kind: 'external' },
      overrides: { requireConfirm: false },
      target: 'nowhere',
    });
    await expect(change.outcome()).resolves.toMatchObject({ outcome: 'rejected', reason: 'invalid-request' });
  });

  it('rejects an Update without effect, with the reason', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    const without: [string, unknown][] = [
      ['approve', 'Kim: go'],
      ['confirm', 'Kim: keep'],
      ['abandon', 'Kim: mine'],
      ['applied', { exitCode: 0 }],
      ['extend', 'soon'],
    ];
    for (const [name, argument] of without) {
      const rejected = change.executeUpdate(name, { args: [argument] });
      await expect(rejected).rejects.toThrow(WorkflowUpdateFailedError);
    }
    await change.executeUpdate('extend', { args: ['10s: look closer'] });
    await change.executeUpdate('abort');
    await change.outcome();
  });
});
