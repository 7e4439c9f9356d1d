/** Installs the dependencies that the lock names, when they are not the ones installed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './child.mjs';
import { withLock } from './lock.mjs';
import { say, timed } from './progress.mjs';

/** `root` is the checkout's folder. A second call with the same lock does nothing. */
export async function install(root) {
  const stamp = join(root, 'node_modules', '.knowngood-lock');
  const wanted = () =>
    createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();
  if (installed()) return;
  // Not in node_modules: `npm ci` removes that folder first.
  const lock = join(root, '.bootstrap.lock');
  const work = async () => {
    if (installed()) return;
    const hash = wanted();
    await timed('Installing the dependencies (once, under a minute; PostgreSQL 14 to 18 among them)', () =>
      npmCi(root),
    );
    writeFileSync(stamp, hash);
  };
  await withLock(lock, work, () => say('Another process is installing the dependencies; waiting for it …'));
}

async function npmCi(root) {
  // npm_* variables of an outer `npm run` would configure the inner one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_package_')));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  const { code, output } = await capture('npm', args, { cwd: root, env });
  if (code !== 0) throw new Error(`npm ci failed with code ${code}\n${output}`);
}
