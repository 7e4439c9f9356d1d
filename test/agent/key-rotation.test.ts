/** A new key for the agent: everything that the old one sealed can be opened at every moment, and in the end by the new one. */
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { unfinished } from '../../agent/durable.ts';
import { rotateKey } from '../../agent/key-rotation.ts';
import { keyIdOf, oldKeys, readKeys } from '../../agent/key.ts';
import { createSealer, headerOf } from '../../agent/seal.ts';
import { type Lab, caller, settingOf, useAgent } from '../support/agent.ts';
import { command } from '../support/cli.ts';
import { useCluster } from '../support/cluster.ts';
import { quietLog } from '../support/state.ts';
import { script } from '../worker/stack/script.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

const change = { kind: 'config', settings: { work_mem: '64MB' } } as const;
const revert = { ...caller, reason: 'check-failed', pipelineUnfinished: false } as const;

const rotate = (it: Lab, bend: { newFingerprints?: boolean; store?: null } = {}) =>
  rotateKey(it.config, {
    store: bend.store === null ? () => Promise.reject(new Error('the store is away')) : () => Promise.resolve(it.store),
    newFingerprints: bend.newFingerprints ?? false,
    log: quietLog(),
  });

async function open(it: Lab): Promise<string> {
  const { snapshot, planHash } = await it.arm(change);
  expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
  return snapshot.snapshotId;
}

/** Every sealed body of the state folder. */
function bodies({ config }: Lab): readonly Buffer[] {
  return ['sealed', 'plans'].flatMap((name) => {
    const folder = join(config.stateDir, name);
    // A kill in the middle of a write leaves an unfinished file, which nobody reads and the next start removes.
    const files = readdirSync(folder).filter((file) => !file.endsWith(unfinished));
    return files.map((file) => readFileSync(join(folder, file)));
  });
}

async function expectAllOpen(it: Lab): Promise<void> {
  const { key } = await readKeys(it.config.keyFile);
  const sealer = createSealer(
    key,
    (await oldKeys(it.config.keyFile)).map((old) => old.key),
  );
  for (const body of bodies(it)) expect(() => sealer.unseal(body)).not.toThrow();
}

async function expectThrough(it: Lab, was: Buffer): Promise<void> {
  const { key } = await readKeys(it.config.keyFile);
  expect(key.equals(was)).toBe(false);
  expect(await oldKeys(it.config.keyFile)).toEqual([]);
  for (const body of bodies(it)) expect(body.subarray(0, 12)).toEqual(headerOf(key));
  expect(await it.store.sealedBeginningWith(headerOf(was), '', 10)).toEqual([]);
}

describe('a rotation', () => {
  it('seals an open change, its plan and the store anew, and the change is reverted with the new key', async () => {
    const it = await lab();
    const before = await it.configuration();
    const id = await open(it);
    await it.stop();
    const { key: was } = await readKeys(it.config.keyFile);
    const rotated = await rotate(it);
    expect(rotated).toMatchObject({ isNew: true, stillNeeded: [] });
    expect(rotated.resealed.here).toBeGreaterThanOrEqual(3);
    expect(rotated.resealed.inStore).toBeGreaterThanOrEqual(1);
    await expectThrough(it, was);
    expect(statSync(it.config.keyFile).mode & 0o777).toBe(0o600);
    await it.restart();
    expect(it.agent.state().open?.phase).toBe('applied');
    const answer = await it.agent.revert(revert);
    expect(answer).toMatchObject({ kind: 'reverted', conflicts: [] });
    // Fingerprints have kept their key: what is back is the same snapshot.
    expect(answer).toMatchObject({ snapshotId: id });
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
  });

  it('is there for a damaged journal too: the generation before names what is there', async () => {
    const it = await lab();
    await open(it);
    await it.stop();
    await rotate(it);
    writeFileSync(join(it.config.stateDir, 'journal.json'), 'half a jour');
    await it.restart();
    expect(await it.agent.revert(revert)).toMatchObject({ kind: 'reverted' });
  });

  it('keeps the old key while the store is away, and is ended by the next one', async () => {
    const it = await lab();
    const id = await open(it);
    await it.agent.revert(revert);
    await it.stop();
    const { key: was } = await readKeys(it.config.keyFile);
    const first = await rotate(it, { store: null });
    expect(first).toMatchObject({ isNew: true, stillNeeded: [{ problem: { code: 'old-key-needed' } }] });
    expect(existsSync(`${it.config.keyFile}.old-${keyIdOf(was)}`)).toBe(true);
    await expectAllOpen(it);
    await it.restart();
    const sealed = await it.store.sealedBody(id);
    expect(it.state.bodies.open(sealed ?? Buffer.alloc(0)).snapshot?.id).toBe(id);
    await it.stop();
    const second = await rotate(it);
    expect(second).toMatchObject({ isNew: false, keyId: first.keyId, stillNeeded: [] });
    await expectThrough(it, was);
  });

  it('waits for nobody: a running agent is named', async () => {
    const it = await lab();
    await expect(rotate(it)).rejects.toThrow(/an agent for target shop-db runs already/);
  });

  it('replaces the key of fingerprints on demand only, and never while a change is open', async () => {
    const it = await lab();
    await open(it);
    await it.stop();
    await expect(rotate(it, { newFingerprints: true })).rejects.toThrow(/change upgrade is open/);
    await it.restart();
    await it.agent.revert(revert);
    await it.stop();
    const { fingerprints } = await readKeys(it.config.keyFile);
    await rotate(it);
    expect((await readKeys(it.config.keyFile)).fingerprints).toEqual(fingerprints);
    await rotate(it);
    expect((await readKeys(it.config.keyFile)).fingerprints).toEqual(fingerprints);
    await rotate(it, { newFingerprints: true });
    const now = await readKeys(it.config.keyFile);
    expect(now.fingerprints).toEqual(now.key);
  });

  it('is a command, which says what it did', async () => {
    const it = await lab();
    await open(it);
    await it.agent.revert(revert);
    await it.stop();
    const { config } = it;
    const { target, database, stateDir, keyFile, store } = config;
    const write = (more: object): void =>
      writeFileSync(config.path, JSON.stringify({ target, ...database, stateDir, keyFile, ...more }));
    // Its snapshots lie in the store of `up`, which runs only beside the agent.
    write({});
    const halfway = await command('key', 'rotate', '--agent-config', config.path);
    expect(halfway).toMatchObject({ code: 1, out: expect.stringMatching(/kept[^]*names no store/) });
    await expectAllOpen(it);
    expect(await oldKeys(keyFile)).toHaveLength(1);
    write({ store });
    const done = await command('key', 'rotate', '--agent-config', config.path);
    expect(done).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing is sealed with an older key any more'),
    });
    const { key } = await readKeys(config.keyFile);
    expect(done.out).toContain(keyIdOf(key));
    expect(done.out + done.err).not.toContain(key.toString('hex'));
  });
});

describe('a rotation that is killed', () => {
  it('leaves everything to be opened at every moment, and is ended by the next one', async () => {
    const it = await lab();
    const before = await it.configuration();
    await open(it);
    await it.stop();
    const seen = new Set<string>();
    for (let run = 0; run < 14; run += 1) {
      const { key: was } = await readKeys(it.config.keyFile);
      const child = script(`
        const { rotateKey } = await stack('../../agent/key-rotation');
        const { createStore } = await stack('../../store/postgres-store');
        const config = ${JSON.stringify(it.config)};
        const store = await createStore({ database: config.store, password: ${JSON.stringify(cluster().password)} });
        console.log('begins');
        await rotateKey(config, { store: async () => store, newFingerprints: false, log: { info() {}, warn() {} } });
        console.log('ended');
        setInterval(() => {}, 1000);`);
      expect(await child.line()).toBe('begins');
      await sleep(run * 3);
      child.process.kill('SIGKILL');
      await child.exited;
      await expectAllOpen(it);
      const now = await readKeys(it.config.keyFile);
      const left = (await oldKeys(it.config.keyFile)).length;
      seen.add(`${now.key.equals(was) ? 'old' : 'new'} key, ${left} beside`);
      // The agent works from here, whatever was left.
      await it.restart();
      expect(it.agent.state().open?.phase).toBe('applied');
      expect((await it.state.bodies.captured(it.state.journal.read()?.refs.baseline ?? '')).snapshot).not.toBeNull();
      await it.stop();
    }
    expect(seen.size).toBeGreaterThan(1);
    const { key } = await readKeys(it.config.keyFile);
    const ended = await rotate(it);
    expect(ended.stillNeeded).toEqual([]);
    if (ended.isNew) await expectThrough(it, key);
    expect(await oldKeys(it.config.keyFile)).toEqual([]);
    const names = readdirSync(dirname(it.config.keyFile)).filter((name) => name.includes('agent.key'));
    expect(names).toEqual(['agent.key']);
    await it.restart();
    expect(await it.agent.revert(revert)).toMatchObject({ kind: 'reverted' });
    expect(await it.configuration()).toEqual(before);
  }, 120_000);

  it('refuses a key beside that others may read', async () => {
    const it = await lab();
    await it.stop();
    const beside = `${it.config.keyFile}.old-0123456789abcdef`;
    writeFileSync(beside, `${'0'.repeat(64)}\n`);
    chmodSync(beside, 0o644);
    await expect(rotate(it)).rejects.toThrow(/may be read by others/);
  });
});
