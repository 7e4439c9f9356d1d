/** The agent's own key: 32 random bytes, in a file that only its user may read. It never leaves the host. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from './agent-error.ts';
import { hasCode, isMissing, makePrivateFolder, syncFolder } from './durable.ts';

const keyBytes = 32;

/** Reads the key; makes one where there is none. Two processes that make it at once agree on one. */
export async function ensureKey(keyFile: string): Promise<Buffer> {
  return (await keyIn(keyFile)) ?? (await makeKey(keyFile));
}

/** Reads the key; its absence is an error: for who only unseals. */
export async function readKey(keyFile: string): Promise<Buffer> {
  const key = await keyIn(keyFile);
  if (key !== null) return key;
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

async function keyIn(keyFile: string): Promise<Buffer | null> {
  let text: string;
  try {
    const { mode } = await stat(keyFile);
    if ((mode & 0o077) !== 0) throw tooOpen(keyFile, mode);
    text = (await readFile(keyFile, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  throw new AgentError('AgentInternal', {
    code: 'bad-key',
    message: `key file ${keyFile} does not hold a key`,
    detail: 'Expected 64 hexadecimal digits.',
    hint: 'Put the key back from its backup; a new one cannot open what the old one sealed.',
  });
}

async function makeKey(keyFile: string): Promise<Buffer> {
  await makePrivateFolder(dirname(keyFile));
  const key = randomBytes(keyBytes);
  try {
    const file = await open(keyFile, 'wx', 0o600);
    try {
      await file.writeFile(`${key.toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return readKey(keyFile);
    throw error;
  }
  await syncFolder(dirname(keyFile));
  return key;
}

function tooOpen(keyFile: string, mode: number): AgentError {
  return new AgentError('AgentInternal', {
    code: 'key-too-open',
    message: `key file ${keyFile} may be read by others`,
    detail: `Its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}.`,
    hint: `Run: chmod 600 ${keyFile}`,
  });
}
