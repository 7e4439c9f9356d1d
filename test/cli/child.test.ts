/** The wrapped command: how it ends, and that nothing of it runs on. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startChild } from '../../cli/guard/child.ts';
import { describeCommand } from '../../cli/guard/external.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-child-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (...command: string[]) =>
  startChild(command, { stdoutToStderr: true, env: { ...process.env, FOLDER: folder } });

it('passes on the exit code of the command', async () => {
  expect(await start('sh', '-c', 'exit 7').ended).toEqual({ exitCode: 7, message: '' });
});

it('says as a shell would that there is no such command', async () => {
  expect(await start('no-such-command-here').ended).toEqual({
    exitCode: 127,
    message: 'could not start the command: ENOENT',
  });
});

it('tells which signal ended the command', async () => {
  expect(await start('sh', '-c', 'kill -9 $$').ended).toEqual({
    exitCode: 137,
    message: 'the command was ended by SIGKILL',
  });
});

it('stops the whole group, also what has outlived the command itself', async () => {
  const script = 'sh -c \'trap "" TERM; while :; do date +%s%N > "$FOLDER/alive"; sleep 0.05; done\' & exec sleep 60';
  const child = start('sh', '-c', script);
  await sleep(300);
  expect((await child.stop()).exitCode).toBe(143);
  const last = await readFile(join(folder, 'alive'), 'utf8');
  await sleep(300);
  expect(await readFile(join(folder, 'alive'), 'utf8')).toBe(last);
});

it('tells people the name of the command, and none of its arguments', () => {
  expect(describeCommand(['/usr/bin/psql', '--password=hunter2'])).toBe('psql');
});
