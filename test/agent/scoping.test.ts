/** Items of a change in force that go back alone: what the journal says of it outlives the run that wanted it. */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

it('a change of which items are back is kept in part, whichever run keeps it, and after a restart of the agent too', async () => {
  const it = await lab();
  const hba = join(cluster().dataDir, 'pg_hba.conf');
  const before = await readFile(hba, 'utf8');
  const files = { 'pg_hba.conf': `${before}\nhost all nobody 10.0.0.0/8 scram-sha-256\n` };
  const { planHash, snapshot } = await it.arm({ kind: 'config', settings: { work_mem: '6MB' }, files });
  await it.agent.apply({ ...caller, planHash, command: null });
  const only = [`file:${hba}`];
  expect(await it.agent.revertItems({ ...caller, only })).toMatchObject({ kind: 'partly' });
  expect(await readFile(hba, 'utf8')).toBe(before);
  await it.restart();
  const next = { ...caller, runId: 'run-2' };
  const taken = await it.agent.snapshot({ ...next, lookOnly: false });
  expect(taken).toMatchObject({ kind: 'snapshotted', snapshotId: snapshot.snapshotId, journal: 'applied' });
  const armed = await it.agent.deadline({ ...next, sequence: 1, durationMs: 60_000, watching: true });
  expect(armed).toMatchObject({ kind: 'moved' });
  expect(it.state.journal.read()?.applied).toMatchObject({ takenBack: only });
  expect(await it.agent.confirm({ ...next, acceptDrift: false })).toMatchObject({ kind: 'confirmed' });
  expect(it.state.closed.read(caller.changeId)).toMatchObject({ phase: 'confirmed', reason: 'kept-in-part' });
});

it("somebody else's line in the same file is left to the whole revert, which keeps it", async () => {
  const it = await lab();
  const hba = join(cluster().dataDir, 'pg_hba.conf');
  const before = await readFile(hba, 'utf8');
  const files = { 'pg_hba.conf': `host all nobody 10.0.0.0/8 scram-sha-256\n${before}` };
  const { planHash } = await it.arm({ kind: 'config', files });
  await it.agent.apply({ ...caller, planHash, command: null });
  const theirs = 'host all somebody 10.9.0.0/16 scram-sha-256\n';
  await appendFile(hba, theirs);
  const refused = await it.agent.revertItems({ ...caller, only: [`file:${hba}`] });
  expect(refused).toMatchObject({ kind: 'refused', problems: [{ code: 'edited-since' }] });
  await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
  expect(await readFile(hba, 'utf8')).toBe(`${before}${theirs}`);
});
