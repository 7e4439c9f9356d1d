import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openLocks } from '../../agent/locks.ts';
import { takeAgentLock } from '../../agent/state-folder.ts';
import { aStateFolder, useFolders } from '../support/state.ts';
import { script } from '../worker/stack/script.ts';

const folder = useFolders();

/** Another process that takes the lock and is killed by `kill -9` while it holds it. */
async function killedHolder(path: string, name: string): Promise<void> {
  const holder = script(`
    const { openLocks } = await stack('../../agent/locks');
    const taken = await openLocks(${JSON.stringify(path)}, 'agent').take(${JSON.stringify(name)}, 0);
    console.log(taken.kind);
    setInterval(() => {}, 1000);`);
  expect(await holder.line()).toBe('held');
  holder.process.kill('SIGKILL');
  await holder.exited;
}

describe('a lock', () => {
  it('has one holder, whom the others are told', async () => {
    const path = folder();
    const [one, two] = [openLocks(path, 'agent'), openLocks(path, 'rescue')];
    const held = await one.take('x.lock', 0);
    expect(held.kind).toBe('held');
    expect(await two.take('x.lock', 0)).toMatchObject({ kind: 'taken', by: { what: 'agent', pid: process.pid } });
  });

  it('is waited for', async () => {
    const path = folder();
    const [one, two] = [openLocks(path, 'agent'), openLocks(path, 'rescue')];
    const held = await one.take('x.lock', 0);
    const waiting = two.take('x.lock', 5_000);
    if (held.kind === 'held') setTimeout(() => held.release(), 30);
    expect((await waiting).kind).toBe('held');
  });

  it('leaves nothing behind', async () => {
    const path = folder();
    const locks = openLocks(path, 'agent');
    const held = await locks.take('x.lock', 0);
    if (held.kind === 'held') held.release();
    locks.close();
    expect(readdirSync(path)).toEqual([]);
  });

  it('of a process that was killed is free at once, for exactly one of many', async () => {
    const path = folder();
    await killedHolder(path, 'x.lock');
    const rivals = await Promise.all(Array.from({ length: 8 }, () => openLocks(path, 'agent').take('x.lock', 0)));
    expect(rivals.filter(({ kind }) => kind === 'held')).toHaveLength(1);
  });

  it('that a power cut left empty is free', async () => {
    const path = folder();
    writeFileSync(join(path, 'x.lock'), '');
    expect((await openLocks(path, 'agent').take('x.lock', 0)).kind).toBe('held');
  });
});

describe('a second agent', () => {
  it('refuses to start and names the first', async () => {
    const path = folder();
    const [one, two] = [await aStateFolder(path), await aStateFolder(path)];
    const first = await takeAgentLock(one, 'shop-db');
    await expect(takeAgentLock(two, 'shop-db')).rejects.toThrow(`runs already: process ${process.pid}`);
    first.release();
    expect((await takeAgentLock(two, 'shop-db')).kind).toBe('held');
  });
});
