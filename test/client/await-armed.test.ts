import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { changeHandle } from '../../client/change-handle.ts';
import type { ArmedAnswer } from '../../client/change-handle.ts';

/** Answers one after the other, each after its delay. */
function answering(...answers: readonly (readonly [ms: number, answer: ArmedAnswer])[]): {
  client: Client;
  asked: string[];
} {
  const asked: string[] = [];
  const startUpdate = async (name: string): Promise<{ result(): Promise<ArmedAnswer> }> => {
    const [ms, answer] = answers[asked.push(name) - 1] ?? [0, { armed: false, outcome: 'aborted', why: 'no more' }];
    return { result: () => sleep(ms, answer) };
  };
  const connection = { withDeadline: async <T>(_: number, run: () => Promise<T>): Promise<T> => run() };
  const client = { connection, workflow: { getHandle: () => ({ startUpdate }) } } as unknown as Client;
  return { client, asked };
}

it('an answer that was on its way for longer than it is good for is asked for again', async () => {
  const fresh: ArmedAnswer = { armed: true, goodForMs: 30_000 };
  const { client, asked } = answering([300, { armed: true, goodForMs: 100 }], [0, fresh]);
  expect(await changeHandle(client, 'shop-db', 'c').awaitArmed()).toEqual({ kind: 'answered', answer: fresh });
  expect(asked).toEqual(['awaitArmed', 'awaitArmed']);
});

it('and so a pipeline that was let in late does not begin in a change that is over', async () => {
  const over: ArmedAnswer = { armed: false, outcome: 'reverted', why: 'contact lost' };
  const { client } = answering([300, { armed: true, goodForMs: 100 }], [0, over]);
  expect(await changeHandle(client, 'shop-db', 'c').awaitArmed()).toEqual({ kind: 'answered', answer: over });
});

it('the answer of an older workflow, which does not say how long it is good for, is taken as it is', async () => {
  const { client, asked } = answering([50, { armed: true }]);
  expect(await changeHandle(client, 'shop-db', 'c').awaitArmed()).toEqual({
    kind: 'answered',
    answer: { armed: true },
  });
  expect(asked).toHaveLength(1);
});
