/** Drift on a rig: somebody's hands on the server, a look by the workflow that the Schedule runs, an acceptance. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import pg from 'pg';
import { orchestratorQueue } from '../../domain/change.ts';
import type { AcceptRequest, AcceptResult, AcceptView } from '../../domain/drift/acceptance.ts';
import { acceptIdOf } from '../../domain/drift/drift.ts';
import type { DriftWatched } from '../../workflows/watch-drift.ts';
import { eventually } from './processes.ts';
import { recordAs } from './record.ts';
import type { Rig } from './rig.ts';

/** On the target, as a person with psql. */
export async function sqlOn({ target }: Rig, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: target.url() });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** As a person with an editor; nothing is loaded. */
export async function edit({ target }: Rig, name: string, change: (text: string) => string): Promise<void> {
  const path = join(target.dataDir, name);
  await writeFile(path, change(await readFile(path, 'utf8')));
}

export async function reload(rig: Rig): Promise<void> {
  await sqlOn(rig, 'select pg_reload_conf()');
  // The postmaster takes a moment, and the time of the load is what a look goes by.
  await new Promise((resolve) => setTimeout(resolve, 300));
}

export async function look({ client, targetName }: Rig): Promise<DriftWatched> {
  const handle = await client.workflow.start<(input: { target: string }) => Promise<DriftWatched>>('watchDrift', {
    workflowId: `knowngood-drift:${targetName}-${randomUUID()}`,
    taskQueue: orchestratorQueue,
    args: [{ target: targetName }],
  });
  const watched = await handle.result();
  await recordAs(['look', watched.kind, ...watched.told.map(({ kind }) => kind)].join('-'), handle);
  return watched;
}

export interface AcceptHandle extends WorkflowHandle {
  readonly acceptId: string;
  view(): Promise<AcceptView>;
  reaches(phase: string): Promise<AcceptView>;
  outcome(): Promise<AcceptResult>;
}

export async function accept({ client, targetName }: Rig, bend: Partial<AcceptRequest> = {}): Promise<AcceptHandle> {
  const acceptId = `a-${randomUUID()}`;
  const request = { target: targetName, acceptId, reason: 'it is meant so', requestedBy: 'alex', ...bend };
  const handle = await client.workflow.start('acceptDrift', {
    workflowId: acceptIdOf(targetName, acceptId),
    taskQueue: orchestratorQueue,
    args: [request],
  });
  const view = (): Promise<AcceptView> => handle.query<AcceptView>('view');
  return Object.assign(handle, {
    acceptId: request.acceptId,
    view,
    async reaches(phase: string): Promise<AcceptView> {
      await eventually(`phase ${phase}`, async () => (await view()).phase === phase);
      return view();
    },
    async outcome(): Promise<AcceptResult> {
      const result = (await handle.result()) as AcceptResult;
      await recordAs(`accept-${result.outcome}`, handle);
      return result;
    },
  });
}
