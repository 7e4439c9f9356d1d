/** A revert that cannot finish is a phase, never an end: it completes when the obstacle is gone, or a person takes over. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { useRig } from '../support/rig.ts';

const rig = useRig({ policy: 'revertMayRestart: false' });
const exec = promisify(execFile);

/** A pipeline raises a setting that only a restart brings into force, restarts, and then fails. */
async function restartedAndFailed() {
  const { target } = rig();
  const change = await rig().start({ change: { kind: 'external', description: 'raise max_connections' } });
  await change.executeUpdate('awaitArmed');
  await sql('alter system set max_connections = 77');
  await restart();
  await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
  expect(target.port).toBeGreaterThan(0);
  return change;
}

async function sql(text: string): Promise<string> {
  const client = new pg.Client({ connectionString: rig().target.url() });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(text);
  await client.end();
  return Object.values(rows[0] ?? {})[0] ?? '';
}

async function restart(): Promise<void> {
  const [command = '', ...args] = rig().target.pgCtl('restart', '-m', 'fast', '-w');
  await exec(command, args);
}

describe('a revert that needs a restart which nobody allowed', () => {
  it('puts the files back, says what remains, and completes once somebody restarts the server', async () => {
    const before = await rig().configuration();
    const change = await restartedAndFailed();
    const view = await change.reaches('revert-incomplete');
    expect(view.remaining.map(({ message }) => message).join('\n')).toContain('max_connections');
    expect(view.possible).toEqual(['abandon']);
    expect(await rig().configuration()).toEqual(before);
    await restart();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed' });
    expect(await sql('show max_connections')).not.toBe('77');
  });

  it('hears from its pipeline that nothing writes any more, and is proven without waiting for quiet', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.executeUpdate('awaitArmed');
    await sql('alter system set max_connections = 77');
    await restart();
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    const view = await change.reaches('revert-incomplete');
    expect(view.possible).toEqual(['failed', 'abandon']);
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    await restart();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
  });

  it('is abandoned by a person, by name, and the target is free again', async () => {
    const change = await restartedAndFailed();
    await change.reaches('revert-incomplete');
    await change.executeUpdate('abandon', { args: ['kim: restart at 6'] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'abandoned', reason: 'abandoned-by-operator' });
    expect(result.summary).toContain('kim took over');
    await restart();
    const next = await rig().start({ change: { kind: 'config', settings: { work_mem: '6MB' } } });
    expect(await next.outcome()).toMatchObject({ outcome: 'kept' });
  });
});
