/** `guard` around real commands on a real server: what a pipeline sees. */
import { readFileSync, writeFileSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { command, startCommand, startProcess } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig();
let ids = 0;
const newId = (): string => `g-${(ids += 1)}`;

const guard = (id: string, ...rest: string[]) => [
  'guard',
  rig().targetName,
  '--config',
  join(rig().folder, 'knowngood.yaml'),
  '--change-id',
  id,
  '--json',
  ...rest,
];
const reload = (): string =>
  rig()
    .target.pgCtl('reload')
    .map((word) => `'${word}'`)
    .join(' ');

describe('guard', () => {
  it('keeps what leaves the dependents healthy, and tells the exit code of the command', async () => {
    const id = newId();
    const run = await command(...guard(id, '--reason', 'nothing happens', '--', 'true'));
    expect(run).toMatchObject({ code: 0 });
    expect(run.json()).toMatchObject({ version: 1, exitCode: 0, outcome: 'kept', commandExitCode: 0, changeId: id });
    expect(run.err).toMatch(/started change .*:g-1/);
  });

  it('reverts a command that denies a dependent its access, to the byte', async () => {
    const before = await rig().configuration();
    const hba = join(rig().folder, 'broken-hba');
    writeFileSync(hba, await rig().hbaWithoutDependent());
    const script = `cat '${hba}' > '${rig().target.dataDir}/pg_hba.conf' && ${reload()}`;
    const run = await command(...guard(newId(), '--', 'sh', '-c', script));
    expect(run.json()).toMatchObject({
      exitCode: 10,
      outcome: 'reverted',
      reason: 'check-failed',
      dependents: 'recovered',
    });
    expect(run.code).toBe(10);
    expect(await rig().configuration()).toEqual(before);
  });

  it('reverts when the command fails, and tells its exit code', async () => {
    const run = await command(...guard(newId(), '--', 'sh', '-c', 'exit 3'));
    expect(run).toMatchObject({ code: 10 });
    expect(run.json()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed', commandExitCode: 3 });
  });

  it('attaches to a change id that was used before, and does not run the command again', async () => {
    const id = newId();
    const marker = join(rig().folder, 'marker');
    const again = () => command(...guard(id, '--', 'sh', '-c', `echo run >> '${marker}'`));
    expect((await again()).code).toBe(0);
    const second = await again();
    expect(second.code).toBe(0);
    expect(second.err).toMatch('the command is not run again');
    expect(readFileSync(marker, 'utf8')).toBe('run\n');
  });

  it('refuses a change id that another change has used', async () => {
    const id = newId();
    await command(...guard(id, '--', 'true'));
    const run = await command(...guard(id, '--', 'sh', '-c', 'exit 0'));
    expect(run.code).toBe(1);
    expect(run.err).toMatch(`change id "${id}" belongs to another change`);
  });

  it('stops the command and reverts when the pipeline is told to stop', async () => {
    const before = await rig().configuration();
    const script = `echo '# half done' >> '${rig().target.dataDir}/postgresql.conf'; exec sleep 60`;
    const running = startProcess(guard(newId(), '--', 'sh', '-c', script));
    await eventually(
      'the command runs',
      async () => (await readFile(`${rig().target.dataDir}/postgresql.conf`, 'utf8')).includes('half done'),
      20_000,
    );
    running.signal('SIGTERM');
    const run = await running.done;
    expect(run).toMatchObject({ code: 10 });
    expect(run.json()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed', commandExitCode: 143 });
    expect(await rig().configuration()).toEqual(before);
  });

  it('stops the command when an operator aborts the change, and names the holder to whoever comes meanwhile', async () => {
    const id = newId();
    const config = ['--config', join(rig().folder, 'knowngood.yaml')];
    const running = startCommand(guard(id, '--', 'sleep', '60'));
    await eventually('the command may run', async () => /apply/.test(running.err()), 20_000);
    const second = await command(...guard(newId(), '--', 'true'));
    expect(second.code).toBe(14);
    expect(JSON.stringify(second.json())).toContain(id);
    const list = await command('status', ...config);
    expect(list.out).toContain(`${rig().targetName}:${id}`);
    const one = await command('status', rig().targetName, ...config);
    expect(one.out).toMatch(/apply/);
    const aborted = await command('abort', rig().targetName, ...config, '--reason', 'wrong window', '--as', 'kim');
    expect(aborted).toMatchObject({ code: 0 });
    const run = await running.done;
    expect(run.code).toBe(10);
    expect(run.json()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    const late = await command('abort', `${rig().targetName}:${id}`, ...config);
    expect(late.code).toBe(1);
  });

  it('leaves when --wait runs out, and the change goes on', async () => {
    const id = newId();
    const run = await command(...guard(id, '--soak', '5s', '--wait', '1s', '--', 'true'));
    expect(run).toMatchObject({ code: 15 });
    expect(run.json()).toMatchObject({ exitCode: 15, outcome: null, changeId: id });
    expect((await command(...guard(id, '--soak', '5s', '--', 'true'))).code).toBe(0);
  });

  it('writes a job summary', async () => {
    const summary = join(rig().folder, 'summary.md');
    await appendFile(summary, 'earlier\n');
    await command(...guard(newId(), '--summary', summary, '--', 'true'));
    expect(await readFile(summary, 'utf8')).toMatch(/^earlier\n## Knowngood: kept\n/);
  });

  it('needs a command', async () => {
    const run = await command('guard', rig().targetName, '--config', join(rig().folder, 'knowngood.yaml'));
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch('no command to guard');
  });

  it('knows the targets of its configuration', async () => {
    const run = await command(
      'guard',
      `${rig().targetName}x`,
      '--config',
      join(rig().folder, 'knowngood.yaml'),
      '--',
      'true',
    );
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch(`HINT:  Did you mean "${rig().targetName}"?`);
  });

  it('says within ten seconds that no agent is there, and runs nothing', async () => {
    await rig().stopAgent();
    const marker = join(rig().folder, 'no-agent');
    const started = performance.now();
    const run = await command(...guard(newId(), '--', 'touch', marker));
    expect(run).toMatchObject({ code: 1 });
    expect(run.json()).toMatchObject({ outcome: 'rejected', reason: 'no-agent' });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(() => readFileSync(marker)).toThrow('ENOENT');
    await rig().startAgent();
  });
});
