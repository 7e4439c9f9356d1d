/** A primary with a real standby that streams: what the standby must have as well is never raised behind its back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../worker/stack/run.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import type { ConfigChange } from '../../../domain/change.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { applied, filesOf, nothingAllowed, query, reverted, show, silent, targetOf, unfenced } from './server.ts';

const hba = 'local all all trust\nhost all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n';
const raise: ConfigChange = { kind: 'config', settings: { max_connections: 150 }, restart: 'allowed' };

describe.each([14, 17] as const)('PostgreSQL %i', (major) => {
  let primary: Cluster;
  let standby: Cluster;
  let before: Captured;
  let blind: Target;
  let target: Target;

  beforeAll(async () => {
    primary = await createCluster({ major, hba, ownIdentity: true });
    await primary.stop();
    // The embedded packages have no pg_basebackup: a copy of a stopped primary is as good.
    standby = await createCluster({ major, start: false });
    await rm(standby.dataDir, { recursive: true });
    const { code, output } = await run('cp', ['-a', primary.dataDir, standby.dataDir], { cwd: '/' });
    if (code !== 0) throw new Error(output);
    await primary.start();
    await writeFile(join(standby.dataDir, 'standby.signal'), '');
    await writeFile(
      join(standby.dataDir, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres'\nwal_retrieve_retry_interval = 100ms\n`,
    );
    await standby.start();
    await eventually(async () => (await senders()) === 1);
    blind = targetOf(primary);
    target = targetOf(primary, { standbys: [at(standby)] });
    before = await target.capture();
  });
  afterAll(async () => {
    await blind?.close();
    await target?.close();
    await standby?.remove();
    await primary?.remove();
  });

  const at = ({ port }: Cluster) => ({
    database: { connection: `postgresql://postgres@127.0.0.1:${port}/postgres`, password: null },
    password: null,
  });

  async function senders(): Promise<number> {
    const rows = await query<{ n: number }>(primary, `select count(*)::int as n from pg_stat_replication`);
    return rows[0]?.n ?? 0;
  }

  async function eventually(isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await isSo()) return;
      await sleep(50);
    }
    throw new Error('it did not come about');
  }

  /** On the standby, by its own configuration. */
  async function give(value: number): Promise<void> {
    await query(standby, `alter system set max_connections = ${value}`);
    await standby.restart();
    await eventually(async () => (await senders()) === 1);
  }

  const codes = async (of: Target, change: ConfigChange): Promise<readonly string[]> => {
    const planned = await of.plan(before, change, nothingAllowed);
    return planned.kind === 'refused' ? planned.problems.map(({ code }) => code) : [];
  };

  it('refuses to raise it while a standby is connected that nobody can ask, and says what to do', async () => {
    const planned = await blind.plan(before, raise, nothingAllowed);
    expect(planned).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'standby-not-named', hint: "Add its connection to standbys in the agent's agent.yaml." }],
    });
  });

  it('refuses to raise it above what the standby has, and in any file', async () => {
    const planned = await target.plan(before, raise, nothingAllowed);
    expect(planned).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'standby-has-less', detail: expect.stringContaining('max_connections = 100, needs 150') }],
    });
    const main = before.files.find(({ role }) => role === 'main')?.bytes.toString() ?? '';
    const inFile: ConfigChange = {
      kind: 'config',
      files: { 'postgresql.conf': `${main}max_wal_senders = 20\n` },
      restart: 'allowed',
    };
    expect(await codes(target, inFile)).toEqual(['standby-has-less']);
  });

  it('refuses it on the way back to an earlier snapshot as well', async () => {
    const raised = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from('max_connections = 150\n')]);
    const files = before.files.map((file) => (file.role === 'main' ? { ...file, bytes: raised(file.bytes) } : file));
    const restore = { snapshot: 'earlier', restart: 'allowed' } as const;
    expect(
      await target.planRestore(before, { ...before, files }, restore, { allowance: nothingAllowed }),
    ).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'standby-has-less' }],
    });
  });

  it('does not raise it for a standby that came after the plan was made', async () => {
    const files = await filesOf(primary);
    await standby.stop();
    await eventually(async () => (await senders()) === 0);
    const planned = await blind.plan(before, raise, nothingAllowed);
    if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
    await standby.start();
    await eventually(async () => (await senders()) === 1);
    await expect(blind.apply(planned.plan, unfenced, silent)).rejects.toMatchObject({
      problem: { code: 'standby-not-named' },
    });
    expect((await reverted(blind, before, null)).remaining).toEqual([]);
    expect(await filesOf(primary)).toEqual(files);
    expect(await show(primary, 'max_connections')).toBe('100');
  });

  it('does not raise in a revert what somebody else has written meanwhile', async () => {
    await applied(target, before, { kind: 'config', settings: { max_files_per_process: 900 }, restart: 'allowed' });
    const change = await target.capture();
    await eventually(async () => (await senders()) === 1);
    await query(primary, 'alter system set max_connections = 150');
    const report = await reverted(target, before, change, { changeId: 'meanwhile' });
    expect(report.restarted).toBe(false);
    expect(report.remaining.map(({ code }) => code)).toEqual(['standby-has-less', 'needs-restart']);
    await query(primary, 'alter system reset max_connections');
    expect((await reverted(target, before, change, { changeId: 'meanwhile' })).remaining).toEqual([]);
    expect(await show(primary, 'max_connections')).toBe('100');
    await eventually(async () => (await senders()) === 1);
  });

  it('lets everything else pass, lowering included', async () => {
    for (const change of [
      { kind: 'config', settings: { max_connections: 90 }, restart: 'allowed' },
      { kind: 'config', settings: { shared_buffers: '32MB' }, restart: 'allowed' },
      { kind: 'config', settings: { work_mem: '8MB' } },
    ] as const)
      expect(await codes(blind, change)).toEqual([]);
  });

  it('refuses when a named standby cannot be asked, or is none', async () => {
    const gone = targetOf(primary, { standbys: [at(standby), at({ ...standby, port: 1 } as Cluster)] });
    expect(await codes(gone, raise)).toEqual(['standby-has-less', 'standby-unknown']);
    await gone.close();
    const itself = targetOf(primary, { standbys: [at(primary)] });
    expect(await codes(itself, raise)).toEqual(['standby-unknown', 'standby-not-named']);
    await itself.close();
  });

  it('raises once the standby has as much, lowers again in a revert, and the standby follows all along', async () => {
    await give(150);
    await applied(target, before, raise);
    expect(await show(primary, 'max_connections')).toBe('150');
    const change = await target.capture();
    await eventually(async () => (await senders()) === 1);
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(await show(primary, 'max_connections')).toBe('100');
    await eventually(async () => (await senders()) === 1);
    await query(primary, 'create table if not exists followed (i int)');
    await eventually(
      async () => (await query(standby, `select from pg_class where relname = 'followed'`)).length === 1,
    );
  });

  it('does not raise in a revert what the standby has not, and says what remains', async () => {
    // As before: 100. The change lowers it, and so did somebody on the standby.
    const lower: ConfigChange = { kind: 'config', settings: { max_connections: 60 }, restart: 'allowed' };
    await applied(target, before, lower);
    const change = await target.capture();
    await eventually(async () => (await senders()) === 1);
    await eventually(
      async () =>
        (await query<{ lsn: string }>(standby, `select 1 where current_setting('max_connections')::int >= 60`))
          .length === 1,
    );
    await query(primary, 'checkpoint');
    await sleep(500);
    await give(60);
    const report = await reverted(target, before, change);
    expect(report.restarted).toBe(false);
    expect(report.remaining.map(({ code }) => code)).toEqual(['standby-has-less', 'needs-restart']);
    expect(await show(primary, 'max_connections')).toBe('60');
    await give(100);
    const again = await reverted(target, before, change);
    expect(again.remaining).toEqual([]);
    expect(again.restarted).toBe(true);
    expect(await show(primary, 'max_connections')).toBe('100');
  });

  it('refuses the standby itself as a target', async () => {
    const wrong = targetOf(standby);
    expect(await wrong.identify()).toMatchObject({ kind: 'refused', problems: [{ code: 'standby' }] });
    await wrong.close();
  });
});
