/** Where the key that signs reports comes from, and that it stays closed to others. */
import { afterEach, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSecretKey, signerFrom } from '../../report/signing-key.ts';
import { existingKey, signingKey } from '../../worker/report-key.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function aFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'knowngood-key-'));
  folders.push(folder);
  return join(folder, 'data', 'key.pem');
}

it('is made once, for its user only, whoever starts at the same time', async () => {
  const file = await aFile();
  const place = { configured: null, file };
  expect(await existingKey(place)).toBeNull();
  const signers = await Promise.all([1, 2, 3, 4].map(() => signingKey(place)));
  expect(new Set(signers.map((signer) => signer?.public.fingerprint)).size).toBe(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(file, '..'))).toEqual(['key.pem']);
  expect((await existingKey(place))?.public).toEqual(signers[0]?.public);
});

it('is refused when others may read it', async () => {
  const file = await aFile();
  await signingKey({ configured: null, file });
  await chmod(file, 0o640);
  await expect(signingKey({ configured: null, file })).rejects.toThrow('may be read by others');
});

it('is the configured one, and then no other is made', async () => {
  const file = await aFile();
  const configured = join(file, '..', '..', 'configured.pem');
  const pem = newSecretKey();
  await writeFile(configured, pem);
  const place = { configured: `\${file:${configured}}`, file };
  expect((await signingKey(place))?.public).toEqual(signerFrom(pem)?.public);
  expect((await existingKey(place))?.public).toEqual(signerFrom(pem)?.public);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

it('keeps a worker from starting when the configured one is none', async () => {
  const file = await aFile();
  const configured = join(file, '..', '..', 'configured.pem');
  await writeFile(configured, 'no key');
  await expect(signingKey({ configured: `\${file:${configured}}`, file })).rejects.toThrow('holds no Ed25519 key');
});

it('that cannot be made is said, and keeps nobody from working', async () => {
  const file = await aFile();
  const beneath = join(file, '..', '..', 'a-file');
  await writeFile(beneath, '');
  const said: string[] = [];
  const place = { configured: null, file: join(beneath, 'key.pem') };
  // Beneath a file there is neither a key nor a place for one.
  expect(await signingKey(place, (why) => said.push(why))).toBeNull();
  expect(said.join()).toMatch(/ENOTDIR|EEXIST/);
});

it('is none where nobody said where it may be', async () =>
  expect(await signingKey({ configured: null, file: null })).toBeNull());
