/** The tail of a log that is written, renamed, emptied and outgrown under the reader's eyes. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { type LogTail, createLogTail } from '../../../targets/postgres/server-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'server.log');
const other = join(folder, 'server-2.log');

let tail: LogTail;
beforeEach(async () => {
  rmSync(other, { force: true });
  writeFileSync(path, 'of another time\n');
  tail = createLogTail();
  await tail.read(path);
});

const linesOf = async (at: string): Promise<readonly string[]> => (await tail.read(at)).lines;

it('begins at the end', async () => {
  expect(await createLogTail().read(path)).toEqual({ lines: [], skippedBytes: 0 });
});

it('gives whole lines, each once, and the unfinished one when it is finished', async () => {
  appendFileSync(path, 'one\ntwo\nthr');
  expect(await linesOf(path)).toEqual(['one', 'two']);
  expect(await linesOf(path)).toEqual([]);
  appendFileSync(path, 'ee\n');
  expect(await linesOf(path)).toEqual(['three']);
});

it('reads on in a file of another name, after the rest of the old one', async () => {
  appendFileSync(path, 'last\n');
  writeFileSync(other, 'first\n');
  expect(await linesOf(other)).toEqual(['last', 'first']);
});

it('knows a file that was only renamed', async () => {
  renameSync(path, other);
  appendFileSync(other, 'more\n');
  expect(await linesOf(other)).toEqual(['more']);
});

it('begins again where another file stands under the name, or the same one was emptied', async () => {
  renameSync(path, other);
  writeFileSync(path, 'new\n');
  expect(await linesOf(path)).toEqual(['new']);
  truncateSync(path, 0);
  appendFileSync(path, 'x\n');
  expect(await linesOf(path)).toEqual(['x']);
});

it('passes over what is more than it reads at once, and says how much', async () => {
  const line = `${'x'.repeat(99)}\n`;
  appendFileSync(path, line.repeat(20_000));
  const { lines, skippedBytes } = await tail.read(path);
  expect(skippedBytes).toBe(2_000_000 - 1_048_576);
  expect(lines).toHaveLength(10_485);
  expect(lines.every((one) => one.length === 99)).toBe(true);
  appendFileSync(path, 'next\n');
  expect(await linesOf(path)).toEqual(['next']);
});

it('is not stopped by one line without an end', async () => {
  appendFileSync(path, 'y'.repeat(3_000_000));
  expect(await linesOf(path)).toEqual([]);
  appendFileSync(path, 'end\nnext\n');
  expect(await linesOf(path)).toEqual(['end', 'next']);
});

it('says that a file cannot be read, and reads on when it is there again', async () => {
  renameSync(path, other);
  await expect(tail.read(path)).rejects.toThrow('ENOENT');
  renameSync(other, path);
  appendFileSync(path, 'again\n');
  expect(await linesOf(path)).toEqual(['again']);
});
