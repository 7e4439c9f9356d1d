/** A snapshot: what it holds, what it hides, and what makes a server unfit to be known-good. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, filesOf, query, reverted, targetOf } from './server.ts';

let cluster: Cluster;
let target: Target;
let clean: Captured;

beforeAll(async () => {
  cluster = await createCluster({ major: 17 });
  await query(
    cluster,
    "create role app login password 'sesame'; alter role app set work_mem = '9MB'; alter database postgres set geqo = off",
  );
  target = targetOf(cluster);
  clean = await target.capture();
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});

const reload = (): Promise<unknown> => query(cluster, 'select pg_reload_conf()');
const settle = async (): Promise<void> => expect((await reverted(target, clean, null)).remaining).toEqual([]);

async function codes(): Promise<readonly string[]> {
  return (await target.capture()).dirty.map(({ code }) => code);
}

it('is the same twice, and by another agent process with the same key', async () => {
  const other = targetOf(cluster);
  expect((await target.capture()).snapshot?.id).toBe(clean.snapshot?.id);
  expect((await other.capture()).snapshot?.id).toBe(clean.snapshot?.id);
  await other.close();
});

it('shows what a session without role settings gets, whoever the agent is', async () => {
  await query(cluster, "alter role postgres set work_mem = '33MB'");
  const settings = (await target.capture()).snapshot?.sections.settings;
  expect(settings?.find(({ name }) => name === 'work_mem')).toMatchObject({ value: '4096', source: 'default' });
  expect(settings?.find(({ name }) => name === 'geqo')).toMatchObject({ value: 'on', source: 'default' });
  await query(cluster, 'alter role postgres reset work_mem');
});

it('holds roles with their settings, and a fingerprint for a password', () => {
  const roles = clean.snapshot?.sections.roles ?? [];
  expect(roles.find(({ name }) => name === 'app')).toMatchObject({
    login: true,
    settings: { '': ['work_mem=9MB'] },
    verifier: expect.stringMatching(/^hmac:/),
  });
  expect(roles.find(({ name }) => name === '')).toMatchObject({ settings: { postgres: ['geqo=off'] } });
  expect(JSON.stringify(clean.snapshot)).not.toContain('SCRAM-SHA-256$');
});

it('never shows a secret of a file, and keeps its bytes for the revert', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}primary_conninfo = 'host=a password=hunter2'\n`);
  await reload();
  const captured = await target.capture();
  const shown = JSON.stringify(captured.snapshot);
  expect(shown).not.toContain('hunter2');
  expect(captured.snapshot?.sections.files.find(({ role }) => role === 'main')?.digest).toMatch(/^hmac:/);
  expect(captured.files.find(({ role }) => role === 'main')?.bytes.toString()).toContain('hunter2');
  expect(captured.dirty).toEqual([]);
  await settle();
});

it('holds files without settings, lists of access rules, and the absence of a file that may come', async () => {
  await edit(cluster, 'empty.conf', () => '# nothing\n');
  await edit(cluster, 'users.lst', () => 'app\n');
  await edit(cluster, 'postgresql.conf', (text) => `${text}include 'empty.conf'\ninclude_if_exists 'later.conf'\n`);
  await edit(cluster, 'pg_hba.conf', (text) => `${text}host all @users.lst 127.0.0.7/32 md5\n`);
  await reload();
  const roles = (await target.capture()).snapshot?.sections.files.map(
    ({ path, role }) => `${path.slice(cluster.dataDir.length + 1)} ${role}`,
  );
  expect(roles).toEqual(
    expect.arrayContaining(['empty.conf include', 'users.lst auth-list', 'later.conf missing-include']),
  );
  await settle();
  expect(await filesOf(cluster)).not.toHaveProperty('empty.conf');
  await rm(join(cluster.dataDir, 'users.lst'), { force: true });
});

it.each([
  ['waits for a restart', ['pending-restart'], 'postgresql.conf', 'max_connections = 77\n', true],
  ['has not loaded its file', ['file-not-loaded'], 'postgresql.conf', 'work_mem = 77MB\n', false],
  [
    'has not loaded a setting that needs a restart',
    ['file-not-loaded'],
    'postgresql.conf',
    'max_connections = 77\n',
    false,
  ],
  ['would not start for a bad value', ['file-error'], 'postgresql.conf', 'work_mem = 77mb\n', true],
  ['would not start for an unknown name', ['file-error'], 'postgresql.conf', 'wrok_mem = 77MB\n', true],
  ['has not loaded its access rules', ['access-file-not-loaded'], 'pg_hba.conf', '# touched\n', false],
  // The view says neither type nor error for it, and the file does not load.
  [
    'would not start for an access rule that the view shows without an error',
    ['hba-would-not-load'],
    'pg_hba.conf',
    'hostssl all all 127.0.0.8/32 cert clientname=XX\n',
    true,
  ],
] as const)('is not known-good when it %s', async (_, want, path, line, reloads) => {
  await edit(cluster, path, (text) => text + line);
  if (reloads) await reload();
  expect(await codes()).toEqual(want);
  await settle();
  expect(await codes()).toEqual([]);
});

it('takes no offence at a rule for TLS where TLS is off, which loads', async () => {
  await edit(cluster, 'pg_hba.conf', (text) => `${text}hostssl all all 127.0.0.8/32 md5\n`);
  await reload();
  expect(await codes()).toEqual([]);
  await settle();
});

it('notices a line that was taken away and not yet unloaded', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 5MB\n`);
  await reload();
  await edit(cluster, 'postgresql.conf', (text) => text.replace('work_mem = 5MB\n', ''));
  expect(await codes()).toEqual(['file-not-loaded']);
  await settle();
});

it('falls back to the files alone when nobody is let in any more', async () => {
  await edit(cluster, 'pg_hba.conf', () => 'local all all reject\n');
  await reload();
  const blind = await target.capture();
  expect(blind.snapshot).toBeNull();
  expect(blind.files.length).toBe(clean.files.length);
  expect(blind.dirty).toMatchObject([{ code: 'access-denied' }]);
  const fresh = targetOf(cluster);
  await expect(fresh.capture()).rejects.toMatchObject({ problem: { code: 'access-denied' } });
  // Another process, without an open session or a memory, has the baseline alone: as rescue does.
  expect((await reverted(fresh, clean, null)).remaining).toEqual([]);
  await fresh.close();
});

it('follows a symbolic link and leaves it one', async () => {
  await writeFile('/tmp/knowngood-linked.conf', 'geqo_threshold = 13\n', { mode: 0o644 });
  await symlink('/tmp/knowngood-linked.conf', join(cluster.dataDir, 'linked.conf'));
  await edit(cluster, 'postgresql.conf', (text) => `${text}include 'linked.conf'\n`);
  await reload();
  const linked = await target.capture();
  await writeFile('/tmp/knowngood-linked.conf', 'geqo_threshold = 14\n');
  expect((await reverted(target, linked, null)).remaining).toEqual([]);
  expect((await target.capture()).snapshot?.id).toBe(linked.snapshot?.id);
  await rm('/tmp/knowngood-linked.conf');
});
