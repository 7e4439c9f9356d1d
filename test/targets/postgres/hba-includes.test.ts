/** pg_hba.conf in pieces, from 16 on: includes, folders, lists and the absence of what may come are part of the snapshot. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, query, reverted, targetOf } from './server.ts';

const rule = (address: string): string => `host all all ${address}/32 md5\n`;

describe.each([16, 18] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  let before: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major, start: false });
    for (const folder of ['hba.d', 'hba.d/lists']) {
      await mkdir(join(cluster.dataDir, folder));
      if (cluster.systemUser)
        await chown(join(cluster.dataDir, folder), cluster.systemUser.uid, cluster.systemUser.gid);
    }
    await edit(cluster, 'hba.d/10-base.conf', () => 'host all @lists/users.lst 127.0.0.10/32 md5\n');
    await edit(cluster, 'hba.d/lists/users.lst', () => 'alice @more.lst\n');
    await edit(cluster, 'hba.d/lists/more.lst', () => 'bob\n');
    await edit(cluster, 'extra.hba', () => rule('127.0.0.11'));
    await edit(cluster, 'maps.ident', () => 'm a b\n');
    await edit(cluster, 'pg_ident.conf', (text) => `${text}include maps.ident\n`);
    await edit(
      cluster,
      'pg_hba.conf',
      (text) => `${text}include extra.hba\ninclude_if_exists later.hba\ninclude_dir hba.d\n`,
    );
    await cluster.start();
    target = targetOf(cluster);
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  it('holds every piece by its role', () => {
    expect(before.dirty).toEqual([]);
    const roles = Object.fromEntries(
      before.snapshot?.sections.files.map(({ path, role }) => [path.slice(cluster.dataDir.length + 1), role]) ?? [],
    );
    expect(roles).toMatchObject({
      'extra.hba': 'hba',
      'later.hba': 'missing-include',
      'hba.d/10-base.conf': 'hba',
      'hba.d/lists/users.lst': 'auth-list',
      'hba.d/lists/more.lst': 'auth-list',
      'maps.ident': 'ident',
    });
  });

  it.each([
    ['an included file is edited', (it: Cluster) => edit(it, 'extra.hba', () => rule('127.0.0.12'))],
    ['the awaited file appears', (it: Cluster) => edit(it, 'later.hba', () => rule('127.0.0.13'))],
    ['a file joins the folder', (it: Cluster) => edit(it, 'hba.d/20-more.conf', () => rule('127.0.0.14'))],
    ['a file of the folder goes', (it: Cluster) => rm(join(it.dataDir, 'hba.d/10-base.conf'))],
    ['a list within a list is edited', (it: Cluster) => edit(it, 'hba.d/lists/more.lst', () => 'carol\n')],
    ['included maps are edited', (it: Cluster) => edit(it, 'maps.ident', () => 'm a c\n')],
    [
      'the include itself is taken out',
      (it: Cluster) => edit(it, 'pg_hba.conf', (text) => text.replace(/^include .*\n/m, '')),
    ],
  ])('goes back when %s', async (_, make) => {
    await make(cluster);
    await query(cluster, 'select pg_reload_conf()');
    const change = await target.capture();
    expect(change.snapshot?.id).not.toBe(before.snapshot?.id);
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
    expect(report.after?.dirty).toEqual([]);
  });
});
