/** What counts as a running server on its host: also in the moments in which it goes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { findPostmaster } from '../../../targets/postgres/postmaster.ts';
import { logFileOf } from '../../../targets/postgres/server-log.ts';
import { eventually } from '../../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-postmaster-'));
const program = join(folder, 'postgres');
copyFileSync('/bin/sleep', program);
let child: ChildProcess | null = null;
afterEach(() => void child?.kill('SIGKILL'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process that calls itself postgres, at home in the data directory. `script` prints its pid. */
async function running(script: string): Promise<number> {
  const started = spawn('/bin/sh', ['-c', script, program], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  child = started;
  const pid = await new Promise<number>((resolve) => started.stdout.once('data', (text) => resolve(Number(text))));
  writeFileSync(join(folder, 'postmaster.pid'), `${pid}\n${folder}\n1700000000\n5432\n\n\n\nready\n`);
  return pid;
}

it('a server at home in its data directory runs', async () => {
  const pid = await running('echo $$; exec "$0" 30');
  expect(await findPostmaster(folder)).toMatchObject({ pid, port: 5432, status: 'ready' });
});

it('one whose files are gone already is going down, and its log is not called unreadable', async () => {
  await running('echo $$; exec "$0" 30 2>&-');
  await eventually('it is there', async () => (await findPostmaster(folder)) !== null);
  await eventually('it is down', async () => (await logFileOf(folder, false)) === 'down');
});

it('one that is starting has no log yet where the collector writes it, and that is no lasting trouble', async () => {
  const pid = await running('echo $$; exec "$0" 30');
  expect(await logFileOf(folder, true)).toBe('none');
  writeFileSync(join(folder, 'postmaster.pid'), `${pid}\n${folder}\n1700000000\n5432\n\n\n\nstarting\n`);
  expect(await logFileOf(folder, true)).toBe('down');
});

it('one that has ended, and whose parent has not asked for it yet, does not run', async () => {
  await running('"$0" 0.1 & echo $!; exec "$0" 30');
  await eventually('it has ended', async () => (await findPostmaster(folder)) === null, 5_000);
});
