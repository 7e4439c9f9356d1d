/** Every kind of change goes through apply → revert → apply → keep, and leaves files identical in bytes, mode and owner. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, chown } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigChange } from '../../../domain/change.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { applied, edit, filesOf, query, reverted, show, targetOf } from './server.ts';

interface Case {
  readonly name: string;
  readonly change: ConfigChange | ((cluster: Cluster) => Promise<void>);
  /** Setting → value in force, with and without the change. */
  readonly shows?: Readonly<Record<string, readonly [string, string]>>;
  readonly restarts?: boolean;
  /** The change leaves a server that a snapshot over SQL cannot see. */
  readonly blind?: boolean;
  /** Everything is as asked already. */
  readonly writesNothing?: boolean;
}

const rejectAll = 'local all all reject\nhost all all 0.0.0.0/0 reject\nhost all all ::/0 reject\n';

async function pgCtl(cluster: Cluster): Promise<void> {
  await cluster.restart().catch(() => undefined);
}

const cases: readonly Case[] = [
  {
    name: 'ALTER SYSTEM sets a value',
    change: { kind: 'config', settings: { work_mem: '64MB' } },
    shows: { work_mem: ['64MB', '4MB'] },
  },
  {
    name: 'ALTER SYSTEM resets a value',
    change: { kind: 'config', settings: { statement_timeout: null } },
    shows: { statement_timeout: ['0', '7s'] },
  },
  {
    name: 'a list keeps its elements apart',
    change: { kind: 'config', settings: { search_path: ['app', 'Odd, name'] } },
    shows: { search_path: ['app, "Odd, name"', '"$user", public'] },
  },
  {
    name: 'an empty list is unset',
    writesNothing: true,
    change: { kind: 'config', settings: { temp_tablespaces: [] } },
    shows: { temp_tablespaces: ['', ''] },
  },
  {
    name: 'a number, a boolean and an enum',
    change: { kind: 'config', settings: { log_connections: true, deadlock_timeout: 2000, wal_compression: 'on' } },
    shows: { deadlock_timeout: ['2s', '1s'], wal_compression: ['pglz', 'off'] },
  },
  {
    name: 'a file joins an include folder',
    change: { kind: 'config', files: { 'conf.d/memory.conf': "maintenance_work_mem = '99MB'\n" } },
    shows: { maintenance_work_mem: ['99MB', '64MB'] },
  },
  {
    name: 'a file in an include folder is removed',
    change: { kind: 'config', files: { 'conf.d/base.conf': null } },
    shows: { effective_io_concurrency: ['1', '7'] },
  },
  {
    name: 'a file that include_if_exists waits for appears',
    change: { kind: 'config', files: { 'later.conf': 'geqo_threshold = 13\n' } },
    shows: { geqo_threshold: ['13', '12'] },
  },
  {
    name: 'an HBA rule is added',
    change: {
      kind: 'config',
      hba: [{ add: 'host all carol 127.0.0.3/32 reject', before: 'host all postgres 127.0.0.0/8 scram-sha-256' }],
    },
  },
  {
    name: 'an HBA rule is removed',
    change: { kind: 'config', hba: [{ remove: 'host all extra 127.0.0.9/32   md5' }] },
  },
  {
    name: 'a restart is needed',
    change: { kind: 'config', settings: { max_connections: 42 }, restart: 'allowed' },
    shows: { max_connections: ['42', '100'] },
    restarts: true,
  },
  {
    name: 'everything at once',
    change: {
      kind: 'config',
      settings: { max_connections: 43, work_mem: '5MB' },
      hba: [{ add: 'local all dave reject', after: 'local all postgres trust' }],
      files: { 'conf.d/all.conf': 'geqo = off\n' },
      restart: 'allowed',
    },
    shows: { max_connections: ['43', '100'], geqo: ['off', 'on'] },
    restarts: true,
  },
  {
    name: 'a file is edited and reloaded by somebody',
    change: async (cluster) => {
      await edit(cluster, 'postgresql.conf', (text) => `${text}work_mem = 6MB\n`);
      await query(cluster, 'select pg_reload_conf()');
    },
    shows: { work_mem: ['6MB', '4MB'] },
  },
  {
    name: 'a restart is left pending',
    change: async (cluster) => {
      await edit(cluster, 'postgresql.conf', (text) => `${text}max_connections = 44\n`);
      await query(cluster, 'select pg_reload_conf()');
    },
    shows: { max_connections: ['100', '100'] },
  },
  {
    name: 'the server does not start with the new file',
    change: async (cluster) => {
      await edit(cluster, 'postgresql.conf', (text) => `${text}shared_buffers = 900GB\nno_such_setting = 1\n`);
      await pgCtl(cluster);
    },
    blind: true,
    restarts: true,
  },
  {
    name: 'the server does not start with the new rules',
    change: async (cluster) => {
      await edit(cluster, 'pg_hba.conf', () => 'host all all nonsense\n');
      await pgCtl(cluster);
    },
    blind: true,
    restarts: true,
  },
  {
    name: 'everybody is locked out by a reload, superuser included',
    change: async (cluster) => {
      await edit(cluster, 'pg_hba.conf', () => rejectAll);
      await query(cluster, 'select pg_reload_conf()').catch(() => undefined);
    },
    blind: true,
  },
  {
    name: 'everybody is locked out by a restart',
    change: async (cluster) => {
      await edit(cluster, 'pg_hba.conf', () => rejectAll);
      await pgCtl(cluster);
    },
    blind: true,
  },
];

describe.each([16, 17] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;

  beforeAll(async () => {
    cluster = await createCluster({ major, start: false });
    const folder = join(cluster.dataDir, 'conf.d');
    await mkdir(folder);
    if (cluster.systemUser) await chown(folder, cluster.systemUser.uid, cluster.systemUser.gid);
    await edit(cluster, 'conf.d/base.conf', () => 'effective_io_concurrency = 7\n');
    await edit(cluster, 'postgresql.conf', (text) => `${text}include_dir 'conf.d'\ninclude_if_exists 'later.conf'\n`);
    await edit(cluster, 'pg_hba.conf', (text) => `${text}host  all  extra  127.0.0.9/32  md5\n`);
    await cluster.start();
    await query(cluster, "alter system set statement_timeout = '7s'");
    await query(cluster, 'select pg_reload_conf()');
    target = targetOf(cluster);
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  async function make({ change }: Case, before: Captured): Promise<Captured | null> {
    if (typeof change === 'function') await change(cluster);
    else await applied(target, before, change);
    return target.capture().catch(() => null);
  }

  async function expectShown({ shows }: Case, index: 0 | 1): Promise<void> {
    for (const [name, values] of Object.entries(shows ?? {}))
      expect([name, await show(cluster, name)]).toEqual([name, values[index]]);
  }

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const before = await target.capture();
    const files = await filesOf(cluster);
    expect(before.dirty).toEqual([]);

    const change = await make(one, before);
    expect(JSON.stringify(await filesOf(cluster)) === JSON.stringify(files)).toBe(one.writesNothing ?? false);
    if (one.blind) expect(change?.snapshot ?? null).toBeNull();
    else await expectShown(one, 0);
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    expect(report.restarted).toBe(one.restarts ?? false);
    expect(report.acceptingAt).not.toBeNull();
    expect(await filesOf(cluster)).toEqual(files);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
    expect(report.after?.dirty).toEqual([]);
    await expectShown(one, 1);

    const again = await make(one, before);
    if (!one.blind) {
      await expectShown(one, 0);
      const kept = await target.capture();
      expect(target.drift(again ?? kept, kept)).toEqual([]);
    }
    // Without C, what is live is taken for it: the next case starts from the same ground.
    const cleared = await reverted(target, before, null);
    expect(cleared.remaining).toEqual([]);
    expect(await filesOf(cluster)).toEqual(files);
  });
});
