/** Replaces key files: whole or not at all, closed to others from their first byte on, and with the owner they had. */
import { randomUUID } from 'node:crypto';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing, syncFolder, unfinished } from './durable.ts';
import { type Keys, keyIdOf } from './key.ts';

export function oldKeyPath(keyFile: string, key: Buffer): string {
  return `${keyFile}.old-${keyIdOf(key)}`;
}

/** Root rotates on behalf of the user that the agent runs as, who must be able to read the new file as well. */
export async function writeKeys(path: string, { key, fingerprints }: Keys, ownerOf: string): Promise<void> {
  const { uid, gid } = await stat(ownerOf);
  const lines = [
    key.toString('hex'),
    ...(key.equals(fingerprints) ? [] : [`fingerprints ${fingerprints.toString('hex')}`]),
  ];
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${unfinished}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      if (process.geteuid?.() === 0) await file.chown(uid, gid);
      await file.writeFile(`${lines.join('\n')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** What a rotation that was killed left behind half-written. */
export async function removeHalfKeys(keyFile: string): Promise<void> {
  const folder = dirname(keyFile);
  for (const name of await readdir(folder))
    if (name.startsWith(`.${basename(keyFile)}.`) && name.endsWith(unfinished)) await unlink(join(folder, name));
}

export async function removeKey(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await syncFolder(dirname(path));
}
