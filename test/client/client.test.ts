/** The typed client against a real Temporal: what a pipeline in TypeScript gets. */
import { join } from 'node:path';
import { createKnowngoodClient } from '../../client/client.ts';
import type { KnowngoodClient } from '../../client/client.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { temporalConnection } from '../../config/temporal.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { freePort, useRig } from '../support/rig.ts';

const rig = useRig();
let client: KnowngoodClient;

beforeAll(async () => {
  const temporal = await temporalConnection(
    (await loadKnowngoodConfig(join(rig().folder, 'knowngood.yaml'))).temporal,
    null,
  );
  const connected = await createKnowngoodClient({ temporal, identity: 'alex@ci' });
  if (connected.kind === 'refused') throw new Error(JSON.stringify(connected.problems));
  client = connected.client;
});
afterAll(() => client.close());

const aRequest = (bend: Partial<ChangeRequest> = {}): ChangeRequest => ({
  target: rig().targetName,
  changeId: 'p-1',
  reason: 'a test',
  change: { kind: 'external', description: 'deploy' },
  ...bend,
});

const codes = (answer: object): string[] =>
  'problems' in answer ? (answer.problems as { code: string }[]).map(({ code }) => code) : [];

async function started(bend: Partial<ChangeRequest>) {
  const answer = await client.start(aRequest(bend));
  if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems));
  return answer.change;
}

describe('a pipeline', () => {
  it('waits for armed, works, says applied, and learns the outcome', async () => {
    const change = await started({ changeId: 'p-1' });
    expect(await change.awaitArmed()).toEqual({ kind: 'answered', answer: { armed: true, goodForMs: 15_000 } });
    expect(await change.applied({ exitCode: 0 })).toEqual({ kind: 'recorded', text: 'applied: recorded' });
    expect(await change.result()).toMatchObject({ kind: 'closed', result: { outcome: 'kept' } });
    const found = await client.list({ target: rig().targetName });
    expect(found).toContainEqual(expect.objectContaining({ changeId: 'p-1' }));
  });

  it('attaches to its change when it asks again, whatever reason it gives now', async () => {
    const again = await client.start(aRequest({ changeId: 'p-1', reason: 'a second try' }));
    expect(again.kind).toBe('attached');
    const other = await client.start(aRequest({ changeId: 'p-1', change: { kind: 'command', name: 'upgrade' } }));
    expect(codes(other)).toEqual(['change-id-taken']);
  });

  it('is told that the change ended before it began', async () => {
    const change = await started({ changeId: 'p-2', target: rig().targetName, overrides: { soak: '1s' } });
    expect((await change.awaitArmed()).kind).toBe('answered');
    expect(await change.abort('alex: no')).toMatchObject({ kind: 'recorded' });
    expect(await change.failed()).toMatchObject({ kind: expect.stringMatching(/recorded|refused/) });
    expect(await change.result()).toMatchObject({ result: { outcome: 'reverted', reason: 'aborted-by-operator' } });
    expect(codes(await change.abort())).toEqual(['unknown-change']);
  });

  it('sends no request that is wrong in itself, and no secret', async () => {
    expect(codes(await client.start(aRequest({ changeId: 'No Name' })))).toEqual(['invalid-value']);
    const secret = { kind: 'config', settings: { primary_conninfo: 'password=hunter2' } } as const;
    expect(codes(await client.start(aRequest({ changeId: 'p-3', change: secret })))).toEqual(['secret-setting']);
    expect(codes(await client.change(rig().targetName, 'p-3').view())).toEqual(['unknown-change']);
  });
});

describe('finding a change', () => {
  const find = (name: string, openOnly = true) => client.find(name, { targets: [rig().targetName], openOnly });

  it('takes a target with exactly one open change, a change id, and both', async () => {
    const change = await started({ changeId: 'f-1' });
    await change.awaitArmed();
    for (const name of [rig().targetName, 'f-1', `${rig().targetName}:f-1`, change.workflowId]) {
      expect(await find(name)).toMatchObject({ kind: 'found', change: { changeId: 'f-1' } });
    }
    await change.failed({ exitCode: 1 });
    await change.result();
  });

  it('tells a target without an open change from a name that nobody knows', async () => {
    expect(codes(await find(rig().targetName))).toEqual(['no-open-change']);
    expect(codes(await find('f-1'))).toEqual(['unknown-change']);
    expect(await find('f-1', false)).toMatchObject({ kind: 'found' });
    expect(codes(await find('nobody'))).toEqual(['unknown-change']);
    expect(codes(await find('not a name'))).toEqual(['invalid-name']);
  });
});

describe('presence', () => {
  it('knows who polls', async () => {
    expect(await client.hasWorker()).toBe(true);
    expect(await client.hasAgent(rig().targetName)).toBe(true);
    expect(await client.hasAgent('other')).toBe(false);
    expect(await client.missingSearchAttributes()).toEqual([]);
  });

  it('says within seconds that no Temporal answers', async () => {
    const temporal = { namespace: 'default', options: { address: `127.0.0.1:${await freePort()}` } };
    expect(codes(await createKnowngoodClient({ temporal }))).toEqual(['temporal-unreachable']);
  });
});
