/** Who is looked for after a workflow was ended from outside, and what does not keep its change from being ended. */
import { expect, it } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { endingIdOf } from '../../domain/change.ts';
import type { OpenChange } from '../../store/store.ts';
import { watchForOrphans } from '../../worker/orphans.ts';
import type { Orphan } from '../../workflows/orphan.ts';
import { eventually } from '../support/processes.ts';

const ended = { status: { name: 'TERMINATED' }, closeTime: new Date(0), runId: 'run-1' };
const open = {
  change: { target: 'shop-db', changeId: 'c-1' },
  startedAt: new Date(0),
  workflowId: 'knowngood:shop-db:c-1',
} as unknown as OpenChange;

/** Of Temporal, as much as is asked. */
function temporal(list: () => AsyncIterable<unknown>): {
  readonly client: Client;
  readonly started: Orphan[];
  lists: number;
  looks: number;
} {
  const started: Orphan[] = [];
  const endingId = endingIdOf('shop-db', 'c-1');
  const seen = { started, lists: 0, looks: 0 };
  const client = {
    workflow: {
      getHandle: (workflowId: string) => ({
        async describe() {
          if (workflowId !== endingId) {
            seen.looks += 1;
            return ended;
          }
          if (started.length === 0) throw new WorkflowNotFoundError('it is not there', workflowId, undefined);
          return { status: { name: 'RUNNING' }, runId: 'run-2' };
        },
      }),
      list() {
        seen.lists += 1;
        return list();
      },
      start: async (_: string, { args: [orphan] }: { args: [Orphan] }) => started.push(orphan),
    },
  };
  return Object.assign(seen, { client: client as unknown as Client });
}

async function watched(seen: ReturnType<typeof temporal>, until: () => boolean): Promise<void> {
  const store = { openChanges: async () => [open], closeChange: async () => undefined };
  const watch = watchForOrphans({ store, client: seen.client });
  await eventually('it is looked at', async () => until(), 14_000);
  await watch.stop();
}

it('is ended although nobody can say who was told of it', async () => {
  const seen = temporal(async function* () {
    yield* [];
    throw new Error('the list is away');
  });
  await watched(seen, () => seen.looks > 0);
  expect(seen.started).toMatchObject([{ workflowId: open.workflowId, runId: 'run-1', told: [] }]);
}, 20_000);

it('is asked about once while it is being ended, and carries no more than can be sent', async () => {
  const memo = (at: number) => ({
    KnowngoodTold: {
      kind: 'failing',
      key: at % 2 === 0 ? `key-${at}` : 'k'.repeat(50_000),
      severity: 'warning',
      dependents: ['image-service', ...Array.from({ length: 60 }, () => 'd'.repeat(50_000))],
    },
  });
  const seen = temporal(async function* () {
    for (let at = 0; at < 60; at += 1) yield { memo: memo(at), startTime: new Date(at) };
  });
  await watched(seen, () => seen.looks > 1);
  expect({ started: seen.started.length, lists: seen.lists }).toEqual({ started: 1, lists: 1 });
  expect(seen.started[0]?.told?.[0]).toMatchObject({ key: 'key-0', dependents: ['image-service'] });
  expect(JSON.stringify(seen.started).length).toBeLessThan(64 * 1024);
}, 20_000);
