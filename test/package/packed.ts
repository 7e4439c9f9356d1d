/** The package as npm packs and installs it: a tarball, in a folder that holds nothing else. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../worker/stack/package-root.ts';

const exec = promisify(execFile);

/** npm as a person would call it: nothing of the npm that runs the tests configures it. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command)/.test(name)));

/** The tarball of what is built, written into `folder`. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await exec('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: packageRoot,
    env: cleanEnv(),
    maxBuffer: 16 * 1024 * 1024,
  });
  const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
  return join(folder, packed?.filename ?? '');
}

/** Installs a tarball into an empty folder; packages come from npm's cache where it has them. */
export async function installPacked(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const quiet = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await exec('npm', ['install', ...quiet, tarball], { cwd: folder, env: cleanEnv() });
}
