import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { killCommand, mayStillRun, startGated, type StartedCommand } from '../../agent/command.ts';
import { bootId, groupMembers, processStat } from '../../agent/host.ts';
import type { JournaledCommand } from '../../domain/journal.ts';
import { eventually } from '../support/processes.ts';
import { useFolders } from '../support/state.ts';
import { script } from '../worker/stack/script.ts';

const folder = useFolders();

function journaled({ pgid, startTicks }: StartedCommand, bend: Partial<JournaledCommand> = {}): JournaledCommand {
  return { name: 'upgrade', pgid, startTicks, bootId: bootId(), exitCode: null, ...bend };
}

describe('a named command', () => {
  it('does not begin before it is released', async () => {
    const file = join(folder(), 'began');
    const command = startGated(['touch', file]);
    await sleep(100);
    expect(existsSync(file)).toBe(false);
    command.release();
    expect(await command.ended).toMatchObject({ exitCode: 0 });
    expect(existsSync(file)).toBe(true);
  });

  it('that is dismissed never begins', async () => {
    const file = join(folder(), 'began');
    const command = startGated(['touch', file]);
    command.dismiss();
    expect(await command.ended).toMatchObject({ exitCode: 125 });
    expect(existsSync(file)).toBe(false);
  });

  it('never begins when the agent dies before it was released', async () => {
    const file = join(folder(), 'began');
    const agent = script(`
      const { startGated } = await stack('../../agent/command');
      console.log(startGated(['touch', ${JSON.stringify(file)}]).pgid);
      setInterval(() => {}, 1000);`);
    const pgid = Number(await agent.line());
    agent.process.kill('SIGKILL');
    await eventually('the gate ends', async () => groupMembers(pgid).length === 0, 5_000);
    expect(existsSync(file)).toBe(false);
  });

  it('gets its words as they are, without a shell', async () => {
    const command = startGated(['printf', '%s|', 'a b', '$HOME', '"; exit 3']);
    command.release();
    expect(await command.ended).toMatchObject({ exitCode: 0, output: 'a b|$HOME|"; exit 3|' });
  });

  it('keeps the last lines of both outputs, and the exit code', async () => {
    const command = startGated(['sh', '-c', 'seq 1 5000; echo no space left >&2; exit 7']);
    command.release();
    const { exitCode, output } = await command.ended;
    expect(exitCode).toBe(7);
    expect(output).toMatch(/no space left$/);
    expect(output.length).toBeLessThanOrEqual(2_048);
  });

  it('that does not exist ends with an exit code and says so', async () => {
    const command = startGated(['/no/such/program']);
    command.release();
    expect(await command.ended).toMatchObject({ exitCode: 127, output: expect.stringContaining('/no/such/program') });
  });

  it('is stopped with all it started, although it ignores the polite request', async () => {
    const file = join(folder(), 'writes');
    const command = startGated([
      'sh',
      '-c',
      `trap "" TERM; (while :; do echo x >> ${file}; sleep 0.01; done) & wait; wait`,
    ]);
    command.release();
    await eventually('it writes', async () => existsSync(file));
    await killCommand(journaled(command), () => undefined);
    expect(groupMembers(command.pgid)).toEqual([]);
    const size = readFileSync(file).length;
    await sleep(50);
    expect(readFileSync(file).length).toBe(size);
  }, 20_000);

  it('is found by its journal after a restart of the agent, and stopped', async () => {
    const agent = script(`
      const { startGated } = await stack('../../agent/command');
      const command = startGated(['sleep', '600']);
      command.release();
      console.log(JSON.stringify([command.pgid, command.startTicks]));
      setInterval(() => {}, 1000);`);
    const [pgid, startTicks] = JSON.parse(await agent.line()) as [number, number];
    agent.process.kill('SIGKILL');
    await agent.exited;
    const command = { name: 'upgrade', pgid, startTicks, bootId: bootId(), exitCode: null };
    expect(mayStillRun(command)).toBe(true);
    await killCommand(command, () => undefined);
    expect(mayStillRun(command)).toBe(false);
  });

  it('is never mistaken for another process with its number', async () => {
    const other = startGated(['sleep', '600']);
    other.release();
    try {
      expect(mayStillRun(journaled(other, { startTicks: (other.startTicks ?? 0) - 1 }))).toBe(false);
      expect(mayStillRun(journaled(other, { bootId: 'another' }))).toBe(false);
      expect(mayStillRun(journaled(other, { exitCode: 0 }))).toBe(false);
      await killCommand(journaled(other, { bootId: 'another' }), () => undefined);
      expect(processStat(other.pgid)).not.toBeNull();
    } finally {
      await killCommand(journaled(other), () => undefined);
    }
  });
});
