/** While a change is open, its server may become another one: then nothing is written, and the reason is said. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../worker/stack/run.ts';
import { readControlFile } from '../../../targets/postgres/control-file.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import {
  applied,
  edit,
  filesOf,
  nothingAllowed,
  query,
  reverted,
  silent,
  targetOf,
  targetOptions,
  unfenced,
} from './server.ts';

describe.each([14, 15, 16, 17, 18] as const)('PostgreSQL %i', (major) => {
  it('reads the control file as the server tells it', async () => {
    const cluster = await createCluster({ major });
    const [row] = await query<{ id: string; timeline: number }>(
      cluster,
      `select system_identifier::text as id, (select timeline_id from pg_control_checkpoint()) as timeline from pg_control_system()`,
    );
    expect(await readControlFile(cluster.dataDir)).toEqual({
      systemIdentifier: row?.id,
      timeline: row?.timeline,
      inRecovery: false,
    });
    await writeFile(join(cluster.dataDir, 'standby.signal'), '');
    await cluster.restart();
    expect(await readControlFile(cluster.dataDir)).toMatchObject({ inRecovery: true });
    await cluster.stop();
    expect(await readControlFile(cluster.dataDir)).toMatchObject({ inRecovery: true });
    await cluster.remove();
  });
});

describe('a server that is another one by the time of the revert', () => {
  let cluster: Cluster;
  let other: Cluster;
  let target: Target;
  let before: Captured;
  let change: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major: 17 });
    other = await createCluster({ major: 17, ownIdentity: true });
    target = targetOf(cluster);
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
    await other?.remove();
  });

  async function open(): Promise<void> {
    before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '64MB' } });
    change = await target.capture();
  }

  async function expectRefused(by: Target, code: string): Promise<void> {
    const files = await filesOf(cluster);
    await expect(reverted(by, before, change)).rejects.toMatchObject({
      problem: { code, hint: expect.stringContaining('Nothing was written') },
    });
    expect(await filesOf(cluster)).toEqual(files);
  }

  async function settled(): Promise<void> {
    const fresh = targetOf(cluster);
    expect((await reverted(fresh, before, change)).remaining).toEqual([]);
    await fresh.close();
  }
  afterEach(settled);

  it('refuses a standby, and writes again once it is a primary of the same history', async () => {
    await open();
    await writeFile(join(cluster.dataDir, 'standby.signal'), '');
    await expectRefused(target, 'now-standby');
    await rm(join(cluster.dataDir, 'standby.signal'));
  });

  it('refuses another cluster in the same folder', async () => {
    await open();
    await cluster.stop();
    const [control, away] = [join(cluster.dataDir, 'global/pg_control'), join(cluster.dataDir, 'global/away')];
    await rename(control, away);
    await expectRefused(target, 'other-server');
    await run('cp', ['-a', join(other.dataDir, 'global/pg_control'), control], { cwd: '/' });
    await expectRefused(target, 'other-server');
    await rename(away, control);
    await cluster.start();
  });

  it('refuses to write over a connection that leads to another server', async () => {
    await open();
    const { database } = targetOptions(other);
    const astray = targetOf(cluster, { database, password: other.password });
    const planned = await astray.plan(before, { kind: 'config', settings: { work_mem: '9MB' } }, nothingAllowed);
    if (planned.kind === 'refused') throw new Error('planned');
    await expect(astray.apply(planned.plan, unfenced, silent)).rejects.toMatchObject({
      problem: { code: 'other-server' },
    });
    expect(await readFile(join(other.dataDir, 'postgresql.auto.conf'), 'utf8')).not.toContain('work_mem');
    await expectRefused(astray, 'other-server');
    await astray.close();
  });

  it('refuses a server that was promoted or restored meanwhile', async () => {
    await open();
    await writeFile(join(cluster.dataDir, 'standby.signal'), '');
    await cluster.restart();
    await query(cluster, 'select pg_promote()');
    await query(cluster, 'checkpoint');
    await expectRefused(target, 'timeline-changed');
    const fresh = targetOf(cluster);
    await expectRefused(fresh, 'timeline-changed');
    await fresh.close();
    // The rest of this test: by hand, as a person would.
    await edit(
      cluster,
      'postgresql.auto.conf',
      () => before.files.find(({ role }) => role === 'auto')?.bytes.toString() ?? '',
    );
    await query(cluster, 'select pg_reload_conf()');
    before = await target.capture();
    change = before;
  });
});
