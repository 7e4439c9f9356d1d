/** The way back to an earlier snapshot, as a change: whole or in part, planned exactly, and itself taken back again. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured, PlannedChange, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, filesOf, nothingAllowed, query, reverted, show, silent, targetOf, unfenced } from './server.ts';

let cluster: Cluster;
let target: Target;
/** S', with a comment and an order of lines worth keeping. */
let old: Captured;
let oldFiles: Readonly<Record<string, string>>;

beforeAll(async () => {
  cluster = await createCluster({
    major: 17,
    start: false,
    hba: 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
  });
  const folder = join(cluster.dataDir, 'conf.d');
  await mkdir(folder);
  if (cluster.systemUser) await chown(folder, cluster.systemUser.uid, cluster.systemUser.gid);
  await edit(
    cluster,
    'postgresql.conf',
    (text) =>
      `${text}# for reports\nwork_mem = 8MB # grown\nstatement_timeout = 7s\narchive_command = 'cp %p /old'\ninclude_dir 'conf.d'\n`,
  );
  await edit(cluster, 'conf.d/memory.conf', () => 'maintenance_work_mem = 64MB\n');
  await cluster.start();
  await query(cluster, "alter system set log_min_duration_statement = '250ms'");
  await query(cluster, 'select pg_reload_conf()');
  target = targetOf(cluster);
  old = await target.capture();
  oldFiles = await filesOf(cluster);
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});

/** Whatever a test did: everything as in S' again, by the product's own revert. */
beforeEach(async () => {
  const { remaining } = await reverted(target, old, null);
  if (remaining.length > 0) throw new Error(JSON.stringify(remaining));
});

async function harm(): Promise<void> {
  await edit(
    cluster,
    'postgresql.conf',
    (text) =>
      text.replace('work_mem = 8MB # grown\n', '').replace('statement_timeout = 7s', 'statement_timeout = 9s') +
      'work_mem = 2MB\nmax_connections = 55\n',
  );
  await edit(cluster, 'pg_hba.conf', (text) => `${text}host all nobody 127.0.0.9/32 reject\n`);
  await edit(cluster, 'conf.d/memory.conf', () => 'maintenance_work_mem = 32MB\n');
  await edit(cluster, 'conf.d/added.conf', () => 'geqo = off\n');
  await chmod(join(cluster.dataDir, 'pg_hba.conf'), 0o640);
  await query(cluster, 'alter system reset log_min_duration_statement');
  await query(cluster, "alter system set deadlock_timeout = '3s'");
  await query(cluster, 'select pg_reload_conf()');
}

async function plan(only?: readonly string[], restart: 'allowed' | 'forbidden' = 'allowed') {
  const live = await target.capture();
  const restore = { snapshot: old.snapshot?.id ?? '', restart, ...(only === undefined ? {} : { only }) };
  return { live, planned: await target.planRestore(live, old, restore, { allowance: nothingAllowed }) };
}

async function planned(only?: readonly string[]): Promise<{ live: Captured; plan: PlannedChange }> {
  const { live, planned: answer } = await plan(only);
  if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems, null, 2));
  return { live, plan: answer.plan };
}

const keys = ({ summary }: PlannedChange): readonly string[] => summary.items.map(({ key }) => key);

describe('restoring everything', () => {
  it('makes every file what it was, in bytes, mode and owner, and is taken back as exactly', async () => {
    await harm();
    const { live, plan: all } = await planned();
    const harmed = await filesOf(cluster);
    expect(all.summary.diff).toContain('-host all nobody 127.0.0.9/32 reject');
    await target.apply(all, unfenced, silent);
    expect(await filesOf(cluster)).toEqual(oldFiles);
    expect(await show(cluster, 'work_mem')).toBe('8MB');
    const report = await reverted(target, live, await target.capture());
    expect(report.remaining).toEqual([]);
    expect(await filesOf(cluster)).toEqual(harmed);
  });

  it('says which settings it brings back, and what they take', async () => {
    await harm();
    const { plan: all } = await planned();
    const setting = (name: string) => all.summary.items.find(({ key }) => key === `setting:${name}`);
    expect(setting('work_mem')).toMatchObject({ effect: 'reload', summary: 'work_mem: 2MB → 8MB' });
    expect(setting('log_min_duration_statement')).toMatchObject({ action: 'set' });
    expect(setting('deadlock_timeout')).toMatchObject({ action: 'reset', summary: 'deadlock_timeout: 3s → 1s' });
    expect(keys(all)).toContain(`file:${join(cluster.dataDir, 'conf.d/added.conf')}`);
    expect(all.summary.risk).toBe('high');
  });

  it('writes nothing where nothing differs', async () => {
    const { plan: nothing } = await planned();
    expect(nothing).toMatchObject({ steps: [], summary: { items: [], effect: 'none', diff: '' } });
  });

  it('asks for the restart that it needs', async () => {
    await harm();
    await cluster.restart();
    const { planned: answer } = await plan(undefined, 'forbidden');
    expect(answer).toMatchObject({ kind: 'refused', problems: [{ code: 'restart-forbidden' }] });
    const { plan: all } = await planned();
    expect(all.summary.effect).toBe('restart');
    await target.apply(all, unfenced, silent);
    expect(await show(cluster, 'max_connections')).toBe('100');
    expect(await filesOf(cluster)).toEqual(oldFiles);
  });
});

describe('restoring a part', () => {
  it('one file: the others stay as they are', async () => {
    await harm();
    const harmed = await filesOf(cluster);
    const { plan: part } = await planned(['file:*/pg_hba.conf']);
    expect(keys(part)).toEqual([`file:${join(cluster.dataDir, 'pg_hba.conf')}`]);
    await target.apply(part, unfenced, silent);
    expect(await filesOf(cluster)).toEqual({ ...harmed, 'pg_hba.conf': oldFiles['pg_hba.conf'] });
  });

  it('a setting goes back to its own line in its own file, and no other line moves', async () => {
    await harm();
    const { plan: part } = await planned(['setting:work_mem']);
    expect(keys(part)).toEqual([`file:${join(cluster.dataDir, 'postgresql.conf')}`, 'setting:work_mem']);
    await target.apply(part, unfenced, silent);
    expect(await show(cluster, 'work_mem')).toBe('8MB');
    expect(await show(cluster, 'statement_timeout')).toBe('9s');
    const conf = (await filesOf(cluster))['postgresql.conf'] ?? '';
    expect(conf).toContain('work_mem = 8MB # grown');
    expect(conf).not.toContain('work_mem = 2MB');
    expect(conf).toContain('max_connections = 55');
  });

  it('a setting that ALTER SYSTEM had set goes back there, and one that was unset is unset again', async () => {
    await harm();
    const { plan: part } = await planned(['setting:log_min_duration_statement', 'setting:deadlock_timeout']);
    await target.apply(part, unfenced, silent);
    expect(await show(cluster, 'log_min_duration_statement')).toBe('250ms');
    expect(await show(cluster, 'deadlock_timeout')).toBe('1s');
    expect((await filesOf(cluster))['postgresql.auto.conf']).toBe(oldFiles['postgresql.auto.conf']);
  });

  it('is refused for what is in neither, and for a setting that alone could not come back', async () => {
    await harm();
    await edit(cluster, 'conf.d/added.conf', () => 'work_mem = 1MB\n');
    await query(cluster, "alter system set work_mem = '3MB'");
    await query(cluster, 'select pg_reload_conf()');
    expect((await plan(['setting:wrok_mem'])).planned).toMatchObject({ problems: [{ code: 'unknown-item' }] });
    const { plan: part } = await planned(['setting:work_mem']);
    await target.apply(part, unfenced, silent);
    expect(await show(cluster, 'work_mem')).toBe('8MB');
  });

  it('says where a setting stood whose file is gone', async () => {
    await edit(cluster, 'postgresql.conf', (text) => text.replace("include_dir 'conf.d'\n", ''));
    await query(cluster, 'select pg_reload_conf()');
    const { planned: answer } = await plan(['setting:maintenance_work_mem']);
    expect(answer).toMatchObject({ kind: 'refused', problems: [{ code: 'setting-elsewhere' }] });
  });
});

describe('a restore is refused', () => {
  it('for a setting that runs commands, unless the agent allows it', async () => {
    await edit(cluster, 'postgresql.conf', (text) => text.replace('/old', '/new'));
    await query(cluster, 'select pg_reload_conf()');
    const { live, planned: answer } = await plan();
    expect(answer).toMatchObject({ kind: 'refused', problems: [{ code: 'setting-not-allowed' }] });
    const allowance = { ...nothingAllowed, settings: ['archive_command'] };
    expect(await target.planRestore(live, old, { snapshot: 'x', restart: 'allowed' }, { allowance })).toMatchObject({
      kind: 'planned',
    });
  });

  for (const [what, facts, code] of [
    ['another server', { systemIdentifier: '1' }, 'other-server'],
    ['another major version', { versionNum: 160_004 }, 'other-version'],
    ['another data directory', { dataDirectory: '/elsewhere' }, 'other-place'],
  ] as const)
    it(`for a snapshot of ${what}`, async () => {
      const strange = { ...old, facts: { ...old.facts, ...facts } };
      const answer = await target.planRestore(
        await target.capture(),
        strange,
        { snapshot: 'x' },
        { allowance: nothingAllowed },
      );
      expect(answer).toMatchObject({ kind: 'refused', problems: [{ code }] });
    });
});
