/** Compiles to dist/ and bundles the workflows, when the sources are newer than the last build. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { capture } from './child.mjs';
import { withLock } from './lock.mjs';
import { say, timed } from './progress.mjs';

const notSource = new Set(['node_modules', 'dist', 'test', 'coverage', 'docs']);
const configuration = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];

/** Builds what is out of date. `strict`: a type error fails the build; else it is shown and what was emitted is used. */
export async function build(root, { strict = false, force = false } = {}) {
  const dist = join(root, 'dist');
  const stamp = join(dist, '.stamp');
  const upToDate = () => !force && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
  if (upToDate()) return;
  const work = async () => {
    if (upToDate()) return;
    const seen = fingerprint(root);
    mkdirSync(dist, { recursive: true });
    rmSync(stamp, { force: true });
    const clean = await timed('Compiling', () => compile(root, 'tsconfig.build.json', strict));
    prune(root, dist);
    if (existsSync(join(dist, 'worker', 'bundle.js'))) {
      const bundling = timed('Bundling the workflows', () => bundle(root));
      // What does not compile need not bundle; the tests that need the bundle will say so.
      await (clean ? bundling : bundling.catch((error) => say(error.message)));
    }
    // With type errors no stamp: they are shown again until they are gone.
    if (clean) writeFileSync(stamp, seen);
  };
  await withLock(join(root, '.bootstrap.lock'), work, () => say('Another process is building; waiting for it …'));
}

/** False: there were errors, which were shown. */
export async function compile(root, project, strict = true) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await capture(process.execPath, [tsc, '-p', project], { cwd: root });
  if (code === 0) return true;
  if (strict || !existsSync(join(root, 'dist', 'worker'))) throw new Error(`the compiler found errors\n${output}`);
  say(`${output.trimEnd()}\nThe compiler found errors (above); going on with what it emitted.`);
  return false;
}

async function bundle(root) {
  const { code, output } = await capture(process.execPath, [join(root, 'dist', 'worker', 'bundle.js')], { cwd: root });
  if (code !== 0) throw new Error(`bundling the workflows failed\n${errorsOf(output)}`);
}

/** Webpack says a page; the lines from the first error on are the ones that help. */
function errorsOf(output) {
  const from = output.indexOf('ERROR in');
  return output.slice(Math.max(from, 0)).split('\n').slice(0, 12).join('\n');
}

/** Removes what an earlier build left of sources that are gone. */
function prune(root, dist) {
  for (const path of filesUnder(dist, new Set())) {
    const source = join(root, relative(dist, path)).replace(/\.(js(\.map)?|d\.ts)$/, '.ts');
    if (/\.(js(\.map)?|d\.ts)$/.test(path) && !existsSync(source) && !path.includes('bundle')) rmSync(path);
  }
}

function fingerprint(root) {
  const hash = createHash('sha256');
  const sources = filesUnder(root, notSource).filter((path) => /\.(ts|cjs)$/.test(path));
  for (const path of [...configuration.map((name) => join(root, name)), ...sources.sort()]) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

function filesUnder(folder, skipped) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name) || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path, skipped) : [path];
  });
}
