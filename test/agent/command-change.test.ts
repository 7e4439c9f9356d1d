import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AgentConfig } from '../../domain/config.ts';
import { type Lab, caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

const change = { kind: 'command', name: 'upgrade' } as const;

function commands(
  script: string,
  bend: { timeoutMs?: number; restarts?: boolean } = {},
): Pick<AgentConfig, 'commands'> {
  return {
    commands: { upgrade: { run: ['sh', '-c', script], timeoutMs: 20_000, restarts: false, ...bend } },
  };
}

const conf = (): string => join(cluster().dataDir, 'postgresql.conf');

async function armed(
  bend: Pick<AgentConfig, 'commands'>,
): Promise<{ it: Lab; input: Parameters<Lab['agent']['apply']>[0] }> {
  const it = await lab(bend);
  const { planHash } = await it.arm(change);
  return { it, input: { ...caller, planHash, command: 'upgrade' } };
}

describe('a command change', () => {
  it('runs the named command once, tells what it changed, and is reverted', async () => {
    const reload = cluster().pgCtl('reload').join(' ');
    const { it, input } = await armed(
      commands(`echo x >> ${cluster().dataDir}/../runs; echo "work_mem = '32MB'" >> ${conf()}; ${reload}`),
    );
    const before = await it.configuration();
    const [one, two] = await Promise.all([it.agent.apply(input), it.agent.apply(input)]);
    expect(one).toMatchObject({ kind: 'applied', exitCode: 0, restarted: false });
    expect(two).toEqual(one);
    expect(await it.agent.apply(input)).toEqual(one);
    expect(readFileSync(join(cluster().dataDir, '..', 'runs'), 'utf8')).toBe('x\n');
    expect(one.kind === 'applied' && one.plan.items.map(({ key }) => key)).toContain('setting:work_mem');
    expect(await settingOf(cluster(), 'work_mem')).toBe('32MB');
    await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
  });

  it('that restarts the server is known to have done so', async () => {
    const { it, input } = await armed(
      commands(cluster().pgCtl('restart', '-m', 'fast', '-w').join(' '), { restarts: true }),
    );
    expect(await it.agent.apply(input)).toMatchObject({ kind: 'applied', restarted: true });
    await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
  });

  it('that fails tells its exit code and last words', async () => {
    const { it, input } = await armed(commands('echo no space left on device >&2; exit 3'));
    expect(await it.agent.apply(input)).toMatchObject({
      kind: 'failed',
      exitCode: 3,
      problems: [{ code: 'command-failed', detail: 'no space left on device' }],
    });
    expect(it.agent.state().open?.phase).toBe('applying');
    expect(await it.agent.apply(input)).toMatchObject({ kind: 'failed', problems: [{ code: 'apply-cut-off' }] });
  });

  it('that does not end in time is stopped', async () => {
    const { it, input } = await armed(commands('sleep 600', { timeoutMs: 200 }));
    expect(await it.agent.apply(input)).toMatchObject({ kind: 'failed', problems: [{ code: 'command-timeout' }] });
  });

  it('is refused when the agent has no such command, with the names it has', async () => {
    const it = await lab(commands('true'));
    await expect(it.arm({ kind: 'command', name: 'other' })).rejects.toThrow(/It has: upgrade/);
  });

  it('is stopped, and waited for, before a revert writes', async () => {
    const marks = join(cluster().dataDir, '..', 'marks');
    const { it, input } = await armed(
      commands(`trap '' TERM; echo "work_mem = '32MB'" >> ${conf()}; while :; do echo x >> ${marks}; sleep 0.02; done`),
    );
    const before = await it.configuration();
    const applying = it.agent.apply(input);
    await eventually('the command writes', async () => existsSync(marks));
    const reverted = await it.agent.revert({ ...caller, reason: 'aborted-by-operator', pipelineUnfinished: false });
    expect(reverted).toMatchObject({ kind: 'reverted', by: 'workflow' });
    expect(['closed', 'reverting']).toContain((await applying).kind);
    const size = readFileSync(marks).length;
    expect(await it.configuration()).toEqual(before);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(readFileSync(marks).length).toBe(size);
  }, 30_000);
});

describe('an external change', () => {
  it('is captured when its pipeline says applied, and reverted to the byte', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it.arm({ kind: 'external' });
    appendFileSync(conf(), "work_mem = '48MB'\n");
    const applied = await it.agent.captureApplied(caller);
    expect(applied).toMatchObject({ kind: 'applied', restarted: false, exitCode: null });
    expect(await it.agent.captureApplied(caller)).toEqual(applied);
    await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    expect(await it.configuration()).toEqual(before);
  });

  it('whose pipeline may still be writing is reverted again until it has been quiet', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it.arm({ kind: 'external' }, { quietMs: 1_500 });
    appendFileSync(conf(), "work_mem = '48MB'\n");
    const reverting = it.agent.revert({ ...caller, reason: 'apply-timeout', pipelineUnfinished: true });
    await eventually(
      'the first revert',
      async () => JSON.stringify(await it.configuration()) === JSON.stringify(before),
    );
    expect(it.agent.state().open?.phase).toBe('reverting');
    appendFileSync(conf(), "work_mem = '49MB'\n");
    await eventually(
      'the second revert',
      async () => JSON.stringify(await it.configuration()) === JSON.stringify(before),
    );
    expect(await reverting).toMatchObject({ kind: 'reverted', reason: 'apply-timeout' });
    expect(it.log.lines.join('\n')).toContain('something wrote again');
  }, 20_000);

  it('whose pipeline says that it has ended is over at once', async () => {
    const it = await lab();
    await it.arm({ kind: 'external' }, { quietMs: 600_000 });
    const first = it.agent.revert({ ...caller, reason: 'apply-timeout', pipelineUnfinished: true });
    await eventually('it is quiet', async () => it.log.lines.join('\n').includes('watching for 600 s'));
    const second = it.agent.revert({ ...caller, reason: 'pipeline-failed', pipelineUnfinished: false });
    expect(await second).toMatchObject({ kind: 'reverted', reason: 'apply-timeout' });
    expect(await first).toEqual(await second);
  });
});
