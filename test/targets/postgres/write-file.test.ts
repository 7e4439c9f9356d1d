/** A file is replaced whole or not at all. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { chmod, lstat, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFile, replaceFile } from '../../../targets/postgres/write-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-write-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const unguarded = (): void => undefined;

it('writes bytes and mode, and leaves nothing else behind', async () => {
  const path = join(folder, 'a.conf');
  await replaceFile(path, { content: 'x\xff\n', mode: 0o640, ...owner }, unguarded);
  expect(await readFile(path)).toEqual(Buffer.from([0x78, 0xff, 0x0a]));
  expect((await stat(path)).mode & 0o777).toBe(0o640);
  expect(await readdir(folder)).toEqual(['a.conf']);
});

it('follows a symbolic link, which stays one', async () => {
  await writeFile(join(folder, 'real'), 'old');
  await symlink(join(folder, 'real'), join(folder, 'link'));
  await replaceFile(join(folder, 'link'), { content: 'new', mode: 0o600, ...owner }, unguarded);
  expect(await readFile(join(folder, 'real'), 'utf8')).toBe('new');
  expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
});

it('changes nothing when the guard says no', async () => {
  const path = join(folder, 'a.conf');
  await writeFile(path, 'old');
  const no = (): void => {
    throw new Error('fenced');
  };
  await expect(replaceFile(path, { content: 'new', mode: 0o600, ...owner }, no)).rejects.toThrow('fenced');
  await expect(removeFile(path, no)).rejects.toThrow('fenced');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a.conf']);
});

it('sweeps up what a crash left behind, and nothing younger', async () => {
  const old = join(folder, '.a.conf.knowngood-tmp-1');
  await writeFile(old, '');
  await utimes(old, new Date(0), new Date(0));
  await writeFile(join(folder, '.a.conf.knowngood-tmp-2'), '');
  await replaceFile(join(folder, 'a.conf'), { content: '', mode: 0o600, ...owner }, unguarded);
  for (let tries = 0; tries < 50 && (await readdir(folder)).length > 2; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await readdir(folder)).toEqual(['.a.conf.knowngood-tmp-2', 'a.conf']);
});

it('keeps the old file whole when the disk is full', async () => {
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { reject: false });
  // Only root may mount a small file system; elsewhere there is no disk that a test may fill.
  if (mounted.failed) return;
  try {
    const path = join(folder, 'a.conf');
    await writeFile(path, 'old\n');
    await chmod(path, 0o600);
    const writing = replaceFile(path, { content: 'x'.repeat(100_000), mode: 0o600, ...owner }, unguarded);
    await expect(writing).rejects.toMatchObject({
      failure: 'NotApplied',
      problem: { code: 'disk-full', message: `no space left to write ${path}` },
    });
    expect(await readFile(path, 'utf8')).toBe('old\n');
    expect(await readdir(folder)).toEqual(['a.conf']);
  } finally {
    await execa('umount', [folder]);
  }
});
