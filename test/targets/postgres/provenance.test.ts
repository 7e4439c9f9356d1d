/** Where a setting lived it lives again, and where it was not set it is not set: no copies, no overlays, no empty strings. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigChange } from '../../../domain/change.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { applied, edit, filesOf, nothingAllowed, query, reverted, show, targetOf } from './server.ts';

type Make = (cluster: Cluster) => Promise<unknown>;

const sql =
  (...statements: readonly string[]): Make =>
  async (cluster) => {
    for (const statement of statements) await query(cluster, statement);
    await query(cluster, 'select pg_reload_conf()');
  };
const inFile =
  (path: string, change: (text: string) => string): Make =>
  async (cluster) => {
    await edit(cluster, path, change);
    await query(cluster, 'select pg_reload_conf()');
  };

/** Setting → the end of the path of the file that says it, null: unset. */
interface Case {
  readonly name: string;
  readonly change: ConfigChange | Make;
  readonly places: Readonly<Record<string, string | null>>;
}

const cases: readonly Case[] = [
  {
    name: 'what lived in postgresql.conf and was overlaid by ALTER SYSTEM',
    change: { kind: 'config', settings: { work_mem: '64MB' } },
    places: { work_mem: 'postgresql.conf' },
  },
  {
    name: 'what lived in postgresql.conf and was edited there',
    change: inFile('postgresql.conf', (text) => text.replace('work_mem = 5MB', "work_mem = '6MB'")),
    places: { work_mem: 'postgresql.conf' },
  },
  {
    name: 'what moved from postgresql.conf to postgresql.auto.conf with the same value',
    change: async (cluster) => {
      await sql("alter system set work_mem = '5MB'")(cluster);
      await inFile('postgresql.conf', (text) => text.replace('work_mem = 5MB\n', ''))(cluster);
    },
    places: { work_mem: 'postgresql.conf' },
  },
  {
    name: 'what lived in a file of an include folder',
    change: { kind: 'config', files: { 'conf.d/base.conf': 'maintenance_work_mem = 99MB\n' } },
    places: { geqo_threshold: 'conf.d/base.conf', maintenance_work_mem: null },
  },
  {
    name: 'what lived in postgresql.auto.conf and was reset',
    change: { kind: 'config', settings: { statement_timeout: null, lock_timeout: null } },
    places: { statement_timeout: 'postgresql.auto.conf', lock_timeout: 'postgresql.auto.conf' },
  },
  {
    name: 'all of postgresql.auto.conf, in its order',
    change: sql('alter system reset all', "alter system set lock_timeout = '1s'"),
    places: { statement_timeout: 'postgresql.auto.conf', lock_timeout: 'postgresql.auto.conf' },
  },
  {
    name: 'what was not set, and was set to its own built-in value',
    change: { kind: 'config', settings: { deadlock_timeout: '1s', temp_tablespaces: ['pg_default'] } },
    places: { deadlock_timeout: null, temp_tablespaces: null },
  },
  {
    name: 'lists that were not set, and were emptied in the way that bricks a server',
    change: sql("alter system set shared_preload_libraries = ''", "alter system set session_preload_libraries = ''"),
    places: { shared_preload_libraries: null, session_preload_libraries: null },
  },
  {
    name: 'a list that somebody left empty in postgresql.conf, which is good',
    change: sql("alter system set local_preload_libraries = ''"),
    places: { local_preload_libraries: 'postgresql.conf' },
  },
];

describe.each([14, 18] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  let before: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major, start: false });
    const folder = join(cluster.dataDir, 'conf.d');
    await mkdir(folder);
    if (cluster.systemUser) await chown(folder, cluster.systemUser.uid, cluster.systemUser.gid);
    await edit(cluster, 'conf.d/base.conf', () => '# ours\ngeqo_threshold = 13\n');
    await edit(
      cluster,
      'postgresql.conf',
      (text) => `${text}work_mem = 5MB\nlocal_preload_libraries = ''\ninclude_dir 'conf.d'\n`,
    );
    await cluster.start();
    await sql("alter system set statement_timeout = '7s'", "alter system set lock_timeout = '3s'")(cluster);
    target = targetOf(cluster);
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  function placesIn({ snapshot }: Captured, names: readonly string[]): Record<string, string | null> {
    const entries = snapshot?.sections.settings ?? [];
    return Object.fromEntries(
      names.map((name) => {
        const entry = entries.find((one) => one.name === name);
        const file = entry?.sourceFile?.slice(cluster.dataDir.length + 1) ?? null;
        return [name, entry?.source === 'default' ? null : file];
      }),
    );
  }

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { change, places }) => {
    expect(before.dirty).toEqual([]);
    const files = await filesOf(cluster);
    if (typeof change === 'function') await change(cluster);
    else await applied(target, before, change);
    expect(await filesOf(cluster)).not.toEqual(files);
    const report = await reverted(target, before, await target.capture());
    expect(report.remaining).toEqual([]);
    expect(await filesOf(cluster)).toEqual(files);
    const after = await target.capture();
    expect(after.snapshot?.id).toBe(before.snapshot?.id);
    expect(placesIn(after, Object.keys(places))).toEqual(places);
    await cluster.restart();
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  });

  it('takes a list out again, not to an empty string, where somebody else has set something beside it', async () => {
    await sql("alter system set shared_preload_libraries = ''", "alter system set work_mem = '9MB'")(cluster);
    const change = await target.capture();
    await sql("alter system set geqo = 'off'")(cluster);
    const report = await reverted(target, before, change, { changeId: 'lists' });
    expect(report.remaining).toEqual([]);
    const auto = (await filesOf(cluster))['postgresql.auto.conf'] ?? '';
    expect(auto).not.toContain('shared_preload_libraries');
    expect(auto).not.toContain('work_mem');
    expect(auto).toContain("geqo = 'off'");
    await cluster.restart();
    expect(await show(cluster, 'geqo')).toBe('off');
    expect((await reverted(target, before, null)).remaining).toEqual([]);
  });

  it('refuses to empty a list that a file goes on setting, instead of doing nothing about it', async () => {
    const emptied = { kind: 'config', settings: { search_path: [] } } as const;
    expect(await target.plan(before, emptied, nothingAllowed)).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'cannot-be-emptied', message: 'setting "search_path" cannot be emptied by ALTER SYSTEM' }],
    });
    const harmless = { kind: 'config', settings: { temp_tablespaces: [] } } as const;
    expect(await target.plan(before, harmless, nothingAllowed)).toMatchObject({ kind: 'planned' });
  });
});
