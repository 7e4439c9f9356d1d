/** A restore is a change like any other: planned from the sealed snapshot, armed, applied, and reverted by the agent. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createSealer } from '../../agent/seal.ts';
import { encodeCaptured } from '../../agent/captured.ts';
import type { RestoreEntry } from '../../domain/change.ts';
import { type Lab, caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { query } from '../targets/postgres/server.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

beforeEach(async () => {
  writeFileSync(join(cluster().dataDir, 'postgresql.auto.conf'), '');
  await query(cluster(), 'select pg_reload_conf()');
});

async function taken(it: Lab): Promise<string> {
  const answer = await it.agent.snapshot({ ...caller, changeId: 'look', lookOnly: true });
  if (answer.kind !== 'snapshotted') throw new Error(JSON.stringify(answer));
  return answer.snapshotId;
}

async function plan(it: Lab, restore: RestoreEntry) {
  const snapshotId = await taken(it);
  const request = { target: caller.target, changeId: caller.changeId, change: { kind: 'config', restore } } as const;
  return it.agent.plan({ ...caller, snapshotId, request });
}

/** S, then one more rule, which nobody has loaded yet. */
async function ruleAdded(it: Lab) {
  const hba = join(cluster().dataDir, 'pg_hba.conf');
  const rules = readFileSync(hba, 'utf8');
  const old = await taken(it);
  writeFileSync(hba, `${rules}host all reporting 10.9.0.0/16 scram-sha-256\n`);
  return { hba, rules, old };
}

describe('an agent that is asked for a restore', () => {
  it('applies it and, when told to, puts back what was before it', async () => {
    const it = await lab();
    const old = await taken(it);
    await query(cluster(), "alter system set work_mem = '32MB'");
    await query(cluster(), 'select pg_reload_conf()');
    const live = await it.configuration();
    const { planHash } = await it.arm({ kind: 'config', restore: { snapshot: old } });
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
    const revert = { ...caller, reason: 'check-failed', pipelineUnfinished: false } as const;
    expect(await it.agent.revert(revert)).toMatchObject({ kind: 'reverted' });
    expect(await settingOf(cluster(), 'work_mem')).toBe('32MB');
    expect(await it.configuration()).toEqual(live);
  });

  it('takes back one change, and leaves what others have changed since, also in the same files', async () => {
    const it = await lab();
    const { hba, rules, old } = await ruleAdded(it);
    await query(cluster(), "alter system set work_mem = '32MB'");
    await query(cluster(), 'select pg_reload_conf()');
    const since = await taken(it);
    writeFileSync(hba, `# somebody else\n${readFileSync(hba, 'utf8')}`);
    await query(cluster(), "alter system set maintenance_work_mem = '99MB'");
    await query(cluster(), 'select pg_reload_conf()');
    const { planHash } = await it.arm({ kind: 'config', restore: { snapshot: old, since } });
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
    expect(readFileSync(hba, 'utf8')).toBe(`# somebody else\n${rules}`);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
    expect(await settingOf(cluster(), 'maintenance_work_mem')).toBe('99MB');
  });

  it('leaves what others have granted since on the same table', async () => {
    const it = await lab();
    await query(cluster(), 'create role mine; create role theirs; create table granted (n int)');
    const old = await taken(it);
    await query(cluster(), 'grant select on granted to mine');
    const since = await taken(it);
    await query(cluster(), 'grant select on granted to theirs');
    const answer = await plan(it, { snapshot: old, since });
    await query(cluster(), 'drop table granted; drop role mine; drop role theirs');
    const diff = answer.kind === 'planned' ? answer.plan.diff : JSON.stringify(answer);
    expect(diff).toMatch(/revoke [^;]* from "?mine/i);
    expect(diff).not.toContain('theirs');
  });

  it('says what of others goes all the same: who has edited the very rule', async () => {
    const it = await lab();
    const { hba, rules, old } = await ruleAdded(it);
    await query(cluster(), 'select pg_reload_conf()');
    const since = await taken(it);
    writeFileSync(hba, `${rules}host all reporting 10.9.0.0/24 scram-sha-256\n`);
    await query(cluster(), 'select pg_reload_conf()');
    const answer = await plan(it, { snapshot: old, since });
    writeFileSync(hba, rules);
    await query(cluster(), 'select pg_reload_conf()');
    expect(answer).toMatchObject({
      kind: 'planned',
      plan: { warnings: expect.arrayContaining([`${hba}: what somebody else has changed there since goes, too`]) },
    });
  });

  it('takes nothing back by guess where the snapshot after the change is not known', async () => {
    const it = await lab();
    expect(await plan(it, { snapshot: await taken(it), since: 'ab'.repeat(32) })).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'unknown-snapshot', message: expect.stringContaining('abababababab') }],
    });
  });

  it('refuses a snapshot that nobody knows', async () => {
    const it = await lab();
    expect(await plan(it, { snapshot: 'ab'.repeat(32) })).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'unknown-snapshot' }],
    });
  });

  it("says that a snapshot was sealed with another agent's key", async () => {
    const it = await lab();
    const captured = await it.target.capture();
    const snapshot = captured.snapshot;
    if (snapshot === null) throw new Error('no snapshot');
    const stranger = createSealer(randomBytes(32)).seal(encodeCaptured(captured));
    const foreign = { ...snapshot, id: 'cd'.repeat(32) };
    await it.store.putSnapshot(caller.target, foreign, stranger, null);
    expect(await plan(it, { snapshot: foreign.id })).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'other-key', message: expect.stringContaining('cannot be opened by this agent') }],
    });
  });
});
