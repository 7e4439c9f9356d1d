import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ensureKey, readKey } from '../../agent/key.ts';
import { createSealer } from '../../agent/seal.ts';
import type { Captured } from '../../targets/target.ts';
import { aStateFolder, useFolders } from '../support/state.ts';

const folder = useFolders();

describe('sealing', () => {
  const plain = Buffer.from('host all image_svc 10.2.0.0/16 md5 # secret');

  it('gives back what was sealed, to the same key only', () => {
    const [ours, theirs] = [createSealer(randomBytes(32)), createSealer(randomBytes(32))];
    const sealed = ours.seal(plain);
    expect(ours.unseal(sealed)).toEqual(plain);
    expect(() => theirs.unseal(sealed)).toThrow(/sealed with key [0-9a-f]{16}/);
  });

  it('shows nothing of the plain text, and never seals the same way twice', () => {
    const sealer = createSealer(randomBytes(32));
    expect(sealer.seal(plain).includes('image_svc')).toBe(false);
    expect(sealer.seal(plain)).not.toEqual(sealer.seal(plain));
  });

  it('refuses a body in which any single byte was changed', () => {
    const sealer = createSealer(randomBytes(32));
    const sealed = sealer.seal(plain);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => sealer.unseal(changed)).toThrow();
    }
    expect(() => sealer.unseal(sealed.subarray(0, 20))).toThrow();
  });
});

describe('the key', () => {
  it('is made once, for its own user only', async () => {
    const path = join(folder(), 'keys', 'agent.key');
    const [one, two] = await Promise.all([ensureKey(path), ensureKey(path)]);
    expect(one).toEqual(two);
    expect(await readKey(path)).toEqual(one);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is refused when others may read it', async () => {
    const path = join(folder(), 'agent.key');
    await ensureKey(path);
    chmodSync(path, 0o640);
    await expect(ensureKey(path)).rejects.toThrow(/may be read by others/);
  });

  it('is never replaced when the file holds something else', async () => {
    const path = join(folder(), 'agent.key');
    writeFileSync(path, 'not a key', { mode: 0o600 });
    await expect(ensureKey(path)).rejects.toThrow(/does not hold a key/);
    expect(readFileSync(path, 'utf8')).toBe('not a key');
  });
});

describe('sealed bodies on disk', () => {
  const captured = {
    snapshot: null,
    files: [{ path: '/etc/pg_hba.conf', role: 'hba', bytes: Buffer.from([0, 255, 10]), mode: 0o600, uid: 5, gid: 6 }],
    includeDirs: [],
    facts: {
      dataDirectory: '/data',
      systemIdentifier: '1',
      versionNum: 170000,
      contexts: {},
      paths: { config: '', hba: '', ident: '' },
      listed: { folders: [], files: [] },
    },
    dirty: [],
  } satisfies Captured;

  it('are read back byte by byte', async () => {
    const path = folder();
    const { ref } = await (await aStateFolder(path)).bodies.putCaptured(captured);
    expect(await (await aStateFolder(path)).bodies.captured(ref)).toEqual(captured);
  });

  it('are refused once the disk has changed them', async () => {
    const path = folder();
    const { bodies } = await aStateFolder(path);
    const { ref } = await bodies.putCaptured(captured);
    const file = join(path, 'sealed', ref);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    await expect((await aStateFolder(path)).bodies.captured(ref)).rejects.toThrow(/is damaged/);
  });

  it('go once they are old and nobody names them', async () => {
    const path = folder();
    const { bodies } = await aStateFolder(path);
    const [named, unnamed] = [await bodies.putCaptured(captured), await bodies.putCaptured(captured)];
    expect(named.ref).not.toBe(unnamed.ref);
    await bodies.tidy(new Set([named.ref]), Date.now() + 2 * 3_600_000);
    expect(readdirSync(join(path, 'sealed'))).toEqual([named.ref]);
  });
});
