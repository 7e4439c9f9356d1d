/** Where Temporal's programs come from: PATH, the cache, the official download, a build from the modules pinned in go/. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildOnce } from './build-once.ts';
import { cacheFolder } from './cache.ts';
import { packageRoot } from './package-root.ts';
import { type Ran, run } from './run.ts';
import { StackError } from './stack-error.ts';

/** Called with whole lines for people. */
export type Progress = (line: string) => void;

export interface TemporalCli {
  readonly path: string;
  readonly from: 'path' | 'cache' | 'download' | 'build';
}

export interface UiServer {
  readonly path: string;
  /** Folder for `--config`, with docker.yaml of the same release. */
  readonly configDir: string;
}

/** The dev server 1.29.1, the first one with everything the workflows use; older ones on PATH are passed over. */
const cliVersion = '1.5.1';
const uiVersion = '2.55.0';

const cliPackage = 'github.com/temporalio/cli/cmd/temporal';
const uiModule = 'github.com/temporalio/ui-server/v2';

/** Until the first bytes; a machine without the internet should not wait longer. */
const downloadAnswerMs = 5_000;
const downloadWholeMs = 120_000;
const stillAtItMs = 30_000;

export async function findTemporalCli(progress: Progress): Promise<TemporalCli> {
  const onPath = await fromPath();
  if (onPath !== null) return { path: onPath, from: 'path' };
  const folder = join(
    await cacheFolder(),
    'temporal',
    `cli-${cliVersion}-${platform()}-${await fingerprint('temporal')}`,
  );
  const path = join(folder, 'temporal');
  if (existsSync(path)) return { path, from: 'cache' };
  let from: TemporalCli['from'] = 'cache';
  await buildOnce({
    folder,
    onWait: () => progress(`Another process is building Temporal ${cliVersion}; waiting for it …`),
    build: async (unfinished) => {
      const target = join(unfinished, 'temporal');
      const refused = await download(target);
      from = refused === null ? 'download' : 'build';
      if (refused === null) return;
      const version = `-X github.com/temporalio/cli/temporalcli.Version=${cliVersion}`;
      const what = `Building Temporal's dev server ${cliVersion} with Go (once, about 4 minutes on 2 cores)`;
      const problem = await goBuild({ module: 'temporal', target, pkg: cliPackage, ldflags: version, what, progress });
      if (problem !== null) throw noTemporal(refused, problem);
    },
  });
  return { path, from };
}

/** Null, and a line that says so, where it cannot be built: the older Web UI inside the CLI then serves. */
export async function findUiServer(progress: Progress): Promise<UiServer | null> {
  const folder = join(await cacheFolder(), 'temporal', `ui-${uiVersion}-${platform()}-${await fingerprint('ui')}`);
  const found = { path: join(folder, 'ui-server'), configDir: join(folder, 'config') };
  if (existsSync(found.path)) return found;
  try {
    await buildOnce({
      folder,
      onWait: () => progress(`Another process is building Temporal's Web UI ${uiVersion}; waiting for it …`),
      build: (unfinished) => buildUi(unfinished, progress),
    });
    return found;
  } catch (error) {
    progress(
      `Temporal's Web UI ${uiVersion} could not be built (${firstLine(error)}); using the older one inside the CLI.`,
    );
    return null;
  }
}

async function buildUi(folder: string, progress: Progress): Promise<void> {
  const problem = await goBuild({
    module: 'ui',
    target: join(folder, 'ui-server'),
    pkg: `${uiModule}/cmd/server`,
    ldflags: '',
    what: `Building Temporal's Web UI ${uiVersion} with Go (once, under a minute)`,
    progress,
  });
  if (problem !== null) throw new Error(problem);
  const listed = await go(['list', '-m', '-f', '{{.Dir}}', uiModule], 'ui');
  const source = join(listed.output.trim(), 'config', 'docker.yaml');
  if (listed.code !== 0 || !existsSync(source))
    throw new Error(`no config/docker.yaml in ${uiModule}: ${listed.output}`);
  const config = join(folder, 'config');
  await run('mkdir', [config]);
  await copyFile(source, join(config, 'docker.yaml'));
  await chmod(join(config, 'docker.yaml'), 0o644);
  // docker.yaml, which is read after this file, has no word for the address: without one the UI listens on all of them.
  await writeFile(join(config, 'base.yaml'), 'host: 127.0.0.1\n');
}

async function fromPath(): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'temporal');
    if (folder === '' || !existsSync(path)) continue;
    const { code, output } = await run(path, ['--version']);
    const version = /version (\d+)\.(\d+)\.(\d+)/.exec(output)?.slice(1).map(Number);
    if (code === 0 && version !== undefined && isAtLeast(version, cliVersion.split('.').map(Number))) return path;
  }
  return null;
}

function isAtLeast(version: readonly number[], oldest: readonly number[]): boolean {
  for (const [index, part] of oldest.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/**
 * The official release, compared with the checksums published beside it. Returns why not, null when it is there.
 * Not run by any test: it needs the internet. A machine without it notices in seconds and goes on to the build.
 */
async function download(target: string): Promise<string | null> {
  const base = `https://github.com/temporalio/cli/releases/download/v${cliVersion}`;
  const archive = `temporal_cli_${cliVersion}_${platform().replace('-', '_')}.tar.gz`;
  try {
    const sums = (await get(`${base}/checksums.txt`, downloadAnswerMs)).toString('utf8');
    const wanted = sums
      .split('\n')
      .find((line) => line.endsWith(` ${archive}`))
      ?.split(' ')[0];
    if (wanted === undefined) return `the release has no ${archive}`;
    const bytes = await get(`${base}/${archive}`, downloadWholeMs);
    if (createHash('sha256').update(bytes).digest('hex') !== wanted) return `${archive} does not match its checksum`;
    const packed = `${target}.tar.gz`;
    await writeFile(packed, bytes);
    const { code, output } = await run('tar', ['-xzf', packed, '-C', join(target, '..'), 'temporal']);
    await rm(packed, { force: true });
    return code === 0 ? null : `tar: ${output}`;
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    return firstLine(cause instanceof Error ? cause : error);
  }
}

async function get(url: string, withinMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

interface GoBuild {
  readonly module: 'temporal' | 'ui';
  readonly target: string;
  readonly pkg: string;
  readonly ldflags: string;
  readonly what: string;
  readonly progress: Progress;
}

/** Returns why it failed, or null. */
async function goBuild({ module, target, pkg, ldflags, what, progress }: GoBuild): Promise<string | null> {
  const version = await go(['version'], module);
  if (version.code !== 0) return version.code === 127 ? 'there is no go on PATH' : `go version: ${version.output}`;
  const startedMs = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedMs) / 1000)} s`;
  progress(`${what} …`);
  const timer = setInterval(() => progress(`${what} … ${elapsed()} so far`), stillAtItMs);
  try {
    const built = await go(['build', '-trimpath', '-ldflags', `-s -w ${ldflags}`, '-o', target, pkg], module);
    if (built.code !== 0) return `go build failed: ${built.output.split('\n').slice(-8).join('\n')}`;
    progress(`${what}: done in ${elapsed()}`);
    return null;
  } finally {
    clearInterval(timer);
  }
}

function go(args: readonly string[], module: 'temporal' | 'ui'): Promise<Ran> {
  // No C compiler is needed; a workspace file of the caller's must not change what is built, nor a checkout that git
  // refuses to read (another owner's) stop it.
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' };
  return run('go', args, { cwd: join(modules, module), env });
}

const modules = join(packageRoot, 'worker', 'stack', 'go');

/** Another set of pinned modules is another binary. */
async function fingerprint(module: 'temporal' | 'ui'): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(await readFile(join(modules, module, name)));
  return hash.digest('hex').slice(0, 12);
}

/** As Go and the releases call it, for example `linux-amd64`. */
function platform(): string {
  return `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

function noTemporal(download: string, build: string): StackError {
  return new StackError({
    code: 'no-temporal',
    message: 'no Temporal server found, and none could be made',
    detail: `Download: ${download}. Build: ${build}.`,
    hint: [
      'One of these is enough:',
      '- set TEMPORAL_ADDRESS to a Temporal server that runs already;',
      `- put "temporal" ${cliVersion} or newer on PATH;`,
      '- let this machine reach github.com for the official release;',
      '- install Go 1.26.5 or newer, with a module proxy it can reach.',
    ].join('\n'),
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
