/**
 * The agent's own key: 32 random bytes, in a file that only its user may read. It never leaves the host. After a rotation
 * the file may name, in a second line, an older key that fingerprints are still made with.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AgentError } from './agent-error.ts';
import { hasCode, isMissing, makePrivateFolder, syncFolder } from './durable.ts';

const keyBytes = 32;

/** Reads the key; makes one where there is none. Two processes that make it at once agree on one. */
export async function ensureKey(keyFile: string): Promise<Buffer> {
  return (await keysIn(keyFile))?.key ?? (await makeKey(keyFile));
}

/** Reads the key; its absence is an error: for who only unseals. */
export async function readKey(keyFile: string): Promise<Buffer> {
  return (await readKeys(keyFile)).key;
}

export interface Keys {
  readonly key: Buffer;
  /** Fingerprints compare over years: they keep their key when the one that seals is replaced. */
  readonly fingerprints: Buffer;
}

export async function readKeys(keyFile: string): Promise<Keys> {
  const keys = await keysIn(keyFile);
  if (keys !== null) return keys;
  throw new AgentError('AgentInternal', {
    code: 'no-key',
    message: `key file ${keyFile} does not exist`,
    hint: 'Put the key back from its backup: what it sealed cannot be read without it.',
  });
}

/** Names a key without telling anything about it. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('knowngood key id\0').update(key).digest('hex').slice(0, 16);
}

/** null: it makes fingerprints with the key itself, or there is none yet. */
export async function fingerprintKey(keyFile: string): Promise<Buffer | null> {
  return (await keysIn(keyFile))?.fingerprints ?? null;
}

/** Keys that a rotation has replaced and that something may still be sealed with: `<key file>.old-<key id>`. */
export async function oldKeys(keyFile: string): Promise<readonly { readonly path: string; readonly key: Buffer }[]> {
  const folder = dirname(keyFile);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found = names
    .filter((name) => name.startsWith(`${basename(keyFile)}.old-`))
    .sort()
    .map(async (name) => {
      const path = join(folder, name);
      const keys = await keysIn(path);
      return keys === null ? [] : [{ path, key: keys.key }];
    });
  return (await Promise.all(found)).flat();
}

async function keysIn(keyFile: string): Promise<Keys | null> {
  let text: string;
  try {
    const { mode } = await stat(keyFile);
    if ((mode & 0o077) !== 0) throw tooOpen(keyFile, mode);
    text = (await readFile(keyFile, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  const [, key, fingerprints] = /^([0-9a-f]{64})(?:\nfingerprints ([0-9a-f]{64}))?$/i.exec(text) ?? [];
  if (key !== undefined) return { key: Buffer.from(key, 'hex'), fingerprints: Buffer.from(fingerprints ?? key, 'hex') };
  throw new AgentError('AgentInternal', {
    code: 'bad-key',
    message: `key file ${keyFile} does not hold a key`,
    detail: 'Expected 64 hexadecimal digits.',
    hint: 'Put the key back from its backup; a new one cannot open what the old one sealed.',
  });
}

async function makeKey(keyFile: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  try {
    await writeNewKey(keyFile, key.toString('hex'));
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return readKey(keyFile);
    throw error;
  }
  return key;
}

/** Of its user alone from its first byte on. EEXIST: there is one, and it stays. */
export async function writeNewKey(keyFile: string, text: string): Promise<void> {
  await makePrivateFolder(dirname(keyFile));
  const file = await open(keyFile, 'wx', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(keyFile));
}

function tooOpen(keyFile: string, mode: number): AgentError {
  return new AgentError('AgentInternal', {
    code: 'key-too-open',
    message: `key file ${keyFile} may be read by others`,
    detail: `Its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}.`,
    hint: `Run: chmod 600 ${keyFile}`,
  });
}
