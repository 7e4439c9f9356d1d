/** Others edit while a change is open: their work survives, conflicts are reported, and nothing is lost. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { applied, edit, filesOf, query, reverted, show, silent, targetOf } from './server.ts';

let cluster: Cluster;
let target: Target;
let before: Captured;
let files: Readonly<Record<string, string>>;

beforeAll(async () => {
  cluster = await createCluster({ major: 17 });
  target = targetOf(cluster);
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});
beforeEach(async () => {
  before = await target.capture();
  files = await filesOf(cluster);
});

const read = (path: string): Promise<string> => readFile(join(cluster.dataDir, path), 'utf8');
let restores = 0;
/** Another revert than the test's own: what that one merged is no matter of this one. */
const restoreAll = (): Promise<unknown> => reverted(target, before, null, { changeId: `restore-${(restores += 1)}` });

it('keeps a setting that somebody else saved after the change', async () => {
  await applied(target, before, { kind: 'config', settings: { work_mem: '64MB' } });
  const change = await target.capture();
  await query(cluster, "alter system set deadlock_timeout = '3s'");
  const report = await reverted(target, before, change);
  expect(report.remaining).toEqual([]);
  expect(report.conflicts).toEqual([]);
  expect([await show(cluster, 'work_mem'), await show(cluster, 'deadlock_timeout')]).toEqual(['4MB', '3s']);
  expect(report.items.find(({ key }) => key.endsWith('auto.conf'))?.decision).toBe('merge');
  await restoreAll();
});

it('still asks for the restart of its own setting when somebody else saved another one in the same file', async () => {
  await applied(target, before, { kind: 'config', settings: { max_files_per_process: 900 }, restart: 'allowed' });
  const change = await target.capture();
  await query(cluster, "alter system set deadlock_timeout = '3s'");
  const report = await reverted(target, before, change, { mayRestart: false });
  expect(report.conflicts).toEqual([]);
  expect(report.remaining).toMatchObject([{ code: 'needs-restart' }]);
  expect((await reverted(target, before, change)).remaining).toEqual([]);
  expect(await show(cluster, 'max_files_per_process')).toBe('1000');
  await restoreAll();
});

it('takes its own key back when somebody else set the same one, and says so', async () => {
  await applied(target, before, { kind: 'config', settings: { work_mem: '64MB' } });
  const change = await target.capture();
  await query(cluster, "alter system set work_mem = '65MB'");
  const report = await reverted(target, before, change);
  expect(report.remaining).toEqual([]);
  expect(report.conflicts).toEqual([expect.stringContaining('work_mem')]);
  expect(await show(cluster, 'work_mem')).toBe('4MB');
  expect(await read('postgresql.auto.conf.knowngood-theirs-test')).toContain("work_mem = '65MB'");
  await rm(join(cluster.dataDir, 'postgresql.auto.conf.knowngood-theirs-test'));
  expect(await filesOf(cluster)).toEqual(files);
});

it('keeps lines that somebody else added elsewhere in the same file', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 9MB\n`);
  const change = await target.capture();
  await edit(cluster, 'postgresql.conf', (text) => `# theirs\n${text}`);
  const report = await reverted(target, before, change);
  expect(report.remaining).toEqual([]);
  const text = await read('postgresql.conf');
  expect(text.startsWith('# theirs\n')).toBe(true);
  expect(text).not.toContain('work_mem = 9MB');
  await restoreAll();
  expect(await filesOf(cluster)).toEqual(files);
});

it('keeps what somebody else appended right below, and does not merge a merge when it is run again by another process', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 9MB\n`);
  const change = await target.capture();
  await edit(cluster, 'postgresql.conf', (text) => `${text}geqo_threshold = 13\n`);
  const first = await reverted(target, before, change, { changeId: 'append' });
  expect(first).toMatchObject({ remaining: [], conflicts: [] });
  const merged = await read('postgresql.conf');
  expect(merged).toMatch(/geqo_threshold = 13\n$/);
  expect(merged).not.toContain('work_mem = 9MB');
  const other = targetOf(cluster);
  expect(await reverted(other, before, change, { changeId: 'append' })).toMatchObject({ remaining: [], conflicts: [] });
  await other.close();
  expect(await read('postgresql.conf')).toBe(merged);
  await restoreAll();
  expect(await filesOf(cluster)).toEqual(files);
});

it('merges HBA rules that do not touch each other', async () => {
  await applied(target, before, {
    kind: 'config',
    hba: [{ add: 'host all carol 127.0.0.3/32 reject', before: 'host all postgres 127.0.0.0/8 scram-sha-256' }],
  });
  const change = await target.capture();
  await edit(cluster, 'pg_hba.conf', (text) => `# theirs\n${text}`);
  const report = await reverted(target, before, change);
  expect(report).toMatchObject({ remaining: [], conflicts: [] });
  expect(await read('pg_hba.conf')).toMatch(/^# theirs\n/);
  expect(await read('pg_hba.conf')).not.toContain('carol');
  await restoreAll();
});

it('goes back to the old rules on a conflict in pg_hba.conf, and keeps the other version beside', async () => {
  await edit(cluster, 'pg_hba.conf', (text) => text.replace(/^host.*$/m, 'host all postgres 127.0.0.1/32 md5'));
  await query(cluster, 'select pg_reload_conf()');
  const change = await target.capture();
  await edit(cluster, 'pg_hba.conf', (text) => text.replace(/^host.*$/m, 'host all all 127.0.0.1/32 trust'));
  const report = await reverted(target, before, change);
  expect(report.remaining).toEqual([]);
  expect(report.conflicts).toEqual([expect.stringContaining('pg_hba.conf')]);
  expect(await read('pg_hba.conf.knowngood-theirs-test')).toContain('trust');
  await rm(join(cluster.dataDir, 'pg_hba.conf.knowngood-theirs-test'));
  expect(await filesOf(cluster)).toEqual(files);
});

it('leaves a file alone that was there before the change began to include it', async () => {
  const extra = join(cluster.dataDir, 'extra.conf');
  await edit(cluster, 'extra.conf', () => 'geqo = off\n');
  const seen = await target.capture();
  await edit(cluster, 'postgresql.conf', (text) => `${text}include 'extra.conf'\n`);
  const report = await reverted(target, seen, await target.capture());
  expect(report.remaining).toEqual([]);
  expect(await readFile(extra, 'utf8')).toBe('geqo = off\n');
  expect(report.after?.snapshot?.id).toBe(seen.snapshot?.id);
  await rm(extra);
  expect(await filesOf(cluster)).toEqual(files);
});

it('removes a file that the change added, its folder having been seen without it', async () => {
  await edit(cluster, 'added.conf', () => 'geqo = off\n');
  await edit(cluster, 'postgresql.conf', (text) => `${text}include 'added.conf'\n`);
  const report = await reverted(target, before, await target.capture());
  expect(report.remaining).toEqual([]);
  expect(await filesOf(cluster)).toEqual(files);
});

it('restores a mode that the change changed, and keeps one that somebody else changed', async () => {
  await chmod(join(cluster.dataDir, 'pg_ident.conf'), 0o640);
  const change = await target.capture();
  await chmod(join(cluster.dataDir, 'pg_hba.conf'), 0o640);
  const report = await reverted(target, before, change);
  expect(report.remaining).toEqual([]);
  const mode = async (path: string): Promise<number> => (await stat(join(cluster.dataDir, path))).mode & 0o777;
  expect([await mode('pg_ident.conf'), await mode('pg_hba.conf')]).toEqual([0o600, 0o640]);
  await chmod(join(cluster.dataDir, 'pg_hba.conf'), 0o600);
});

it('is the same when it is run again', async () => {
  await applied(target, before, { kind: 'config', settings: { work_mem: '64MB' } });
  const change = await target.capture();
  await reverted(target, before, change);
  const again = await reverted(target, before, change);
  expect(again.remaining).toEqual([]);
  expect(again.items.every(({ action, decision }) => action === 'none' && decision !== 'conflict-restored')).toBe(true);
  expect(await filesOf(cluster)).toEqual(files);
});

it('plans again when a file is edited between its look and its write', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 9MB\n`);
  const change = await target.capture();
  let fences = 0;
  const fence = async (): Promise<void> => {
    fences += 1;
    if (fences === 1) await edit(cluster, 'postgresql.conf', (text) => `# late\n${text}`);
  };
  const report = await target.revert({
    changeId: 'late',
    before,
    change,
    mayRestart: true,
    witnesses: [],
    fence,
    say: silent,
  });
  expect(report.remaining).toEqual([]);
  expect(await read('postgresql.conf')).toMatch(/^# late\n/);
  await restoreAll();
});

it('writes nothing once the fence is closed', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 9MB\n`);
  const change = await target.capture();
  const changed = await filesOf(cluster);
  const fence = (): void => {
    throw new Error('somebody else owns the change');
  };
  await expect(
    target.revert({ changeId: 'x', before, change, mayRestart: true, witnesses: [], fence, say: silent }),
  ).rejects.toThrow('somebody else owns');
  expect(await filesOf(cluster)).toEqual(changed);
  await restoreAll();
});

it('stays incomplete when only a restart helps and none is allowed', async () => {
  await applied(target, before, { kind: 'config', settings: { max_connections: 42 }, restart: 'allowed' });
  const change = await target.capture();
  const report = await reverted(target, before, change, { mayRestart: false });
  expect(report.remaining).toMatchObject([
    { code: 'needs-restart', message: expect.stringContaining('max_connections') },
  ]);
  expect(report.restarted).toBe(false);
  const allowed = await reverted(target, before, change);
  expect(allowed).toMatchObject({ remaining: [], restarted: true });
});

it('says that the server is down when it may not start it', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 9MB\n`);
  const change = await target.capture();
  const [program = '', ...args] = cluster.pgCtl('stop', '-w', '-m', 'fast');
  await execa(program, args);
  const report = await reverted(target, before, change, { mayRestart: false });
  expect(report.remaining.map(({ code }) => code)).toEqual(['server-down', 'not-proven']);
  expect(await filesOf(cluster)).toEqual(files);
  expect((await reverted(target, before, change)).remaining).toEqual([]);
});

it('refuses to write into a folder that holds another server', async () => {
  const other = { ...before, facts: { ...before.facts, systemIdentifier: '1' } };
  await expect(reverted(target, other, null)).rejects.toMatchObject({ problem: { code: 'other-server' } });
});

it('proves access by a witness that the change refused', async () => {
  await query(cluster, "create role ida login password 'x'");
  await edit(cluster, 'pg_hba.conf', (text) => `${text}host all ida 127.0.0.5/32 scram-sha-256\n`);
  await query(cluster, 'select pg_reload_conf()');
  const good = await target.capture();
  await applied(target, good, { kind: 'config', hba: [{ remove: 'host all ida 127.0.0.5/32 scram-sha-256' }] });
  const witness = { user: 'ida', database: 'postgres', sourceAddress: '127.0.0.5', tls: false };
  const report = await reverted(target, good, await target.capture(), { witnesses: [witness] });
  expect(report.remaining).toEqual([]);
  expect(report.proof).toContain('pg_hba: witness ida@postgres from 127.0.0.5 answers sasl, was denied (28000)');
  await writeFile(join(cluster.dataDir, 'pg_hba.conf'), files['pg_hba.conf']?.replace(/^\d+ \d+:\d+ /, '') ?? '');
  await query(cluster, 'select pg_reload_conf()');
});

it('shows a role that the change altered and does not pretend to have put it back', async () => {
  await query(cluster, 'alter role ida nologin');
  const report = await reverted(target, before, await target.capture());
  expect(report.items.filter(({ section }) => section === 'roles').length).toBeGreaterThan(0);
  await query(cluster, 'drop role ida');
});
