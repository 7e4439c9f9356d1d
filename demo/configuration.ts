/** The demo's own eye on the configuration: bytes, mode and owner of every file, read without any code of the product. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Path within the folder → `sha256 mode uid:gid`. */
export type Configuration = Readonly<Record<string, string>>;

const subfolder = 'conf.d';

/** What a file is expected to become on its way to another server. */
export type Becomes = (name: string, text: string) => string;

/** Every `*.conf` of the folder and of its conf.d, with what a byte-exact revert has to give back. */
export async function readConfiguration(folder: string, becomes: Becomes | null = null): Promise<Configuration> {
  const seen: Record<string, string> = {};
  for (const path of [...(await confFiles(folder)), ...(await confFiles(join(folder, subfolder)))]) {
    const [bytes, { mode, uid, gid }] = await Promise.all([readFile(path), stat(path)]);
    const name = relative(folder, path);
    const expected = becomes === null ? bytes : becomes(name, bytes.toString('utf8'));
    const digest = createHash('sha256').update(expected).digest('hex');
    seen[name] = `${digest} ${(mode & 0o7777).toString(8).padStart(4, '0')} ${uid}:${gid}`;
  }
  return seen;
}

async function confFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.conf'))
    .map(({ name }) => join(folder, name));
}

/** Paths whose bytes, mode or owner differ, or that only one side has; sorted. */
export function differences(before: Configuration, after: Configuration): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}
