/** The npm package: packed, installed into an empty folder, and used from there. Full suite only: it installs everything anew. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publint } from 'publint';
import { type Kept, keep } from '../../worker/stack/keeper.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { comesWithTemporal, goFilesIn, listsOfModules } from '../support/go-files.ts';
import { eventually } from '../support/processes.ts';
import { runAction } from '../pipelines/github-runner.ts';
import { freePort } from '../support/rig.ts';
import { installPacked, pack } from './packed.ts';

const exec = promisify(execFile);
const describeFull = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? describe : describe.skip;

describeFull('the npm package', () => {
  let folder = '';
  let tarball = '';
  const installed = (...path: string[]): string => join(folder, 'app', ...path);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'knowngood-npm-'));
    // As root, PostgreSQL runs as another user, who has to pass through.
    chmodSync(folder, 0o755);
    tarball = await pack(folder);
    await installPacked(tarball, installed());
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is what publint and attw want of a package of ES modules', async () => {
    const bytes = readFileSync(tarball);
    const { messages } = await publint({ pack: { tarball: Uint8Array.from(bytes).buffer }, level: 'suggestion' });
    expect(messages).toEqual([]);
    const analysis = await checkPackage(createPackageFromTarballData(Uint8Array.from(bytes)));
    // It has no CommonJS: what only resolvers without ES modules miss is as it should be.
    const ofModules = ('problems' in analysis ? analysis.problems : []).filter(
      (problem) => !('resolutionKind' in problem) || !/^node10$|^node16-cjs$/.test(problem.resolutionKind),
    );
    expect(ofModules).toEqual([]);
    expect(analysis.types).toMatchObject({ kind: 'included' });
  });

  it('holds what runs, and nothing of the tests', () => {
    const root = installed('node_modules', 'knowngood');
    expect(readdirSync(root).sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'schemas', 'worker'].sort(),
    );
    expect(readdirSync(join(root, 'dist'))).toEqual(expect.not.arrayContaining(['bench', 'test']));
  });

  it('holds no program of Go, its dependencies neither, and of modules only the lists', () => {
    expect(goFilesIn(installed('node_modules', 'knowngood'))).toEqual({ programs: [], sources: listsOfModules });
    const { programs, sources } = goFilesIn(installed());
    expect(programs).toEqual([]);
    const foreign = sources.filter((path) => !path.startsWith('node_modules/knowngood/'));
    expect(foreign.filter((path) => !comesWithTemporal.test(`/${path}`))).toEqual([]);
    // It would be found: TypeScript's compiler, with which it is built, is one.
    const compiler = goFilesIn(join(packageRoot, 'node_modules', '@typescript'));
    expect(compiler.programs).toEqual([expect.stringMatching(/\/tsc$/)]);
  });

  it('imports only what it depends on', () => {
    const root = installed('node_modules', 'knowngood');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
    const imported = files
      .filter((path) => path.endsWith('.js') && path !== 'workflow-bundle.js')
      .flatMap((path) => importsOf(readFileSync(join(root, 'dist', path), 'utf8')));
    const foreign = [...new Set(imported)].filter((name) => !(name in dependencies) && !builtinModules.includes(name));
    expect(foreign).toEqual([]);
  });

  it('has a command', async () => {
    const { stdout } = await exec(installed('node_modules', '.bin', 'knowngood'), ['--help']);
    expect(stdout).toContain('Exit codes:');
    const version = await exec(installed('node_modules', '.bin', 'knowngood'), ['--version']);
    expect(version.stdout.trim()).toBe(
      (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version,
    );
  });

  describe('with what "up" starts', () => {
    let target: Cluster;
    let up: Kept;
    let env: NodeJS.ProcessEnv = {};
    const config = (): string => join(folder, 'knowngood.yaml');
    beforeAll(async () => {
      target = await createCluster({ major: 17 });
      const address = `127.0.0.1:${await freePort()}`;
      writeFileSync(join(folder, 'password'), target.password);
      const password = `'\${file:${folder}/password}'`;
      writeFileSync(
        config(),
        `
defaults: { soak: 1s, lease: 30s, checks: { interval: 200ms, timeout: 2s, successes: 2 } }
targets:
  mine: { connection: 'postgresql://postgres@127.0.0.1:${target.port}/postgres', password: ${password} }
dependents:
  app: { uses: mine, checks: { login: { sql: { as: postgres, password: ${password} } } } }
temporal: { address: '${address}' }
`,
      );
      env = { ...process.env, KNOWNGOOD_DATA: join(folder, 'data'), TEMPORAL_ADDRESS: address };
      up = await keep(installed('node_modules', '.bin', 'knowngood'), ['up', '--config', config()], { env });
      await eventually('everything runs', async () => up.tail().includes('Ctrl-C ends all of it'), 200_000);
    }, 240_000);
    afterAll(async () => {
      await up?.stop();
      await target?.remove();
    });

    it('guards a command', async () => {
      const args = ['guard', 'mine', '--config', config(), '--json', '--', 'true'];
      const { stdout } = await exec(installed('node_modules', '.bin', 'knowngood'), args, { env });
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'kept', commandExitCode: 0 });
    }, 60_000);

    it('is installed and run by the GitHub Action, in every of its steps', async () => {
      const ran = await runAction(
        join(packageRoot, 'action.yml'),
        { package: tarball, command: 'guard', target: 'mine', run: 'echo upgraded', config: config() },
        { temp: folder, workspace: folder, env: { ...env, PATH: process.env['PATH'], HOME: folder } },
      );
      expect(ran).toMatchObject({ code: 0, outputs: { outcome: 'kept', target: 'mine' } });
    }, 180_000);

    it('gives a pipeline in TypeScript a typed client, as the page on pipelines shows it', async () => {
      const [, example = ''] =
        /```ts\n([^]*?)```/.exec(readFileSync(join(packageRoot, 'docs', 'pipelines.md'), 'utf8')) ?? [];
      const source = example.replaceAll("'shop-db'", "'mine'");
      expect(source).toContain("target: 'mine'");
      writeFileSync(installed('pipeline.ts'), source);
      const modules = join(packageRoot, 'node_modules');
      const types = ['--typeRoots', join(modules, '@types'), '--types', 'node'];
      const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--skipLibCheck', ...types];
      const tsc = join(modules, 'typescript', 'bin', 'tsc');
      await exec(process.execPath, [tsc, ...options, 'pipeline.ts'], { cwd: installed() });
      const { stdout } = await exec(process.execPath, ['pipeline.js'], { cwd: installed(), env });
      expect(stdout).toContain('kept');
    }, 60_000);
  });
});

/** Names of packages, without the path inside. */
function importsOf(source: string): string[] {
  return [...source.matchAll(/^(?:(?:import|export)\b[^;]*?\bfrom |import |.*\bimport\()'([^'.][^']*)'/gm)]
    .map(([, name = '']) => name.replace(/^node:/, ''))
    .map((name) => (name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name));
}
