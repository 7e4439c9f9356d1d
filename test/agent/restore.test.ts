/** A restore is a change like any other: planned from the sealed snapshot, armed, applied, and reverted by the agent. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
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
