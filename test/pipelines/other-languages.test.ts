/** What docs/other-languages.md shows, run against the real stack; what has to fetch an SDK, in the full suite only. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workflowIdOf } from '../../domain/change.ts';
import { parseChangeRequest } from '../../domain/request.schema.ts';
import { cacheFolder } from '../../worker/stack/cache.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { findTemporalCli } from '../../worker/stack/temporal-binaries.ts';
import { useRig } from '../support/rig.ts';

const exec = promisify(execFile);
const describeFull = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? describe : describe.skip;
const rig = useRig({ targetName: 'shop-db', soak: '500ms' });
const page = readFileSync(join(packageRoot, 'docs', 'other-languages.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-languages-'));
  writeFileSync(join(folder, 'upgrade-shop-db'), '#!/bin/sh\necho "$0" >>made\n');
  chmodSync(join(folder, 'upgrade-shop-db'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = folder): Promise<string> {
  const all = { ...process.env, TEMPORAL_ADDRESS: rig().temporalAddress, ...env };
  return (await exec(file, args, { cwd, env: all, maxBuffer: 16 * 1024 * 1024 })).stdout;
}

describe('the page on other languages', () => {
  it('shows input that is accepted', () => {
    const [request = '', changes = ''] = blocks('json');
    expect(parseChangeRequest(JSON.parse(request))).toMatchObject({ kind: 'ok' });
    for (const change of JSON.parse(changes) as object[])
      expect(parseChangeRequest({ target: 'a', changeId: 'b', change })).toMatchObject({ kind: 'ok' });
  });

  it('guards a change by the temporal command', async () => {
    const { path } = await findTemporalCli(() => undefined);
    const [script = ''] = blocks('sh');
    const said = await run('sh', ['-e', '-c', script], { PATH: [dirname(path), process.env['PATH']].join(delimiter) });
    expect(said).toContain('"outcome": "kept"');
    expect(said).toContain('"armed": true');
    expect(readFileSync(join(folder, 'made'), 'utf8')).toBe('./upgrade-shop-db\n');
    const { searchAttributes } = await rig().client.workflow.getHandle('knowngood:shop-db:release-4711').describe();
    expect(searchAttributes).toMatchObject({ KnowngoodTarget: ['shop-db'], KnowngoodOutcome: ['kept'] });
  });

  it('tells the field that is wrong, and takes a word of a person', async () => {
    const { path } = await findTemporalCli(() => undefined);
    const start = (id: string, change: object) =>
      run(path, [
        'workflow',
        'start',
        '--type=guardedChange',
        '--task-queue=knowngood',
        `--workflow-id=${workflowIdOf('shop-db', id)}`,
        `--input=${JSON.stringify({ target: 'shop-db', changeId: id, change })}`,
      ]);
    const result = (id: string) =>
      run(path, ['workflow', 'result', '--workflow-id', workflowIdOf('shop-db', id), '--output', 'json']);
    await start('wrong', { kind: 'config', settngs: {} });
    expect(await result('wrong')).toMatch(/"outcome": "rejected"[^]*settngs|settngs[^]*"outcome": "rejected"/);
    await start('aborted', { kind: 'external' });
    const update = (words: string) =>
      run('sh', [
        '-c',
        `'${path}' workflow update execute --workflow-id ${workflowIdOf('shop-db', 'aborted')} ${words}`,
      ]);
    await update('--name awaitArmed');
    await update(/`(--name abort --input '[^`]*')`/.exec(page)?.[1] ?? '');
    // Until the pipeline has ended too, something may still be written.
    await update(`--name failed --input '{"exitCode": 143}'`);
    expect(await result('aborted')).toContain('"reason": "aborted-by-operator"');
  });
});

describeFull('its programs', () => {
  it('guards a change from Python', async () => {
    const venv = join(await cacheFolder(), 'temporalio-1.35.0');
    if (!existsSync(join(venv, 'complete'))) {
      await exec('python3', ['-m', 'venv', '--clear', venv]);
      await exec(join(venv, 'bin', 'pip'), ['install', '--quiet', 'temporalio==1.35.0']);
      writeFileSync(join(venv, 'complete'), '');
    }
    writeFileSync(join(folder, 'pipeline.py'), blocks('python')[0] ?? '');
    expect(await run(join(venv, 'bin', 'python'), ['pipeline.py', 'from-python'])).toMatch(/^kept /m);
  }, 180_000);

  it('guards a change from Go', async () => {
    const module = join(folder, 'go');
    mkdirSync(module);
    writeFileSync(join(module, 'main.go'), blocks('go')[0] ?? '');
    // The release that the pinned server is built with: its source is there already.
    writeFileSync(join(module, 'go.mod'), 'module pipeline\n\ngo 1.23\n\nrequire go.temporal.io/sdk v1.37.0\n');
    const env = { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=mod' };
    await run('go', ['mod', 'tidy'], env, module);
    await run('go', ['build', '-o', join(folder, 'pipeline'), '.'], env, module);
    expect(await run(join(folder, 'pipeline'), ['from-go'])).toMatch(/^kept /m);
  }, 300_000);

  it('guards a change from Java', async () => {
    writeFileSync(join(folder, 'Pipeline.java'), blocks('java')[0] ?? '');
    writeFileSync(join(folder, 'pom.xml'), pom);
    await run('mvn', ['-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath']);
    const classpath = readFileSync(join(folder, 'classpath'), 'utf8').trim();
    expect(await run('java', ['-cp', classpath, 'Pipeline.java', 'from-java'])).toMatch(/^kept /m);
  }, 300_000);
});

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pipeline</groupId><artifactId>pipeline</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-sdk</artifactId><version>1.32.1</version></dependency>
  </dependencies>
</project>
`;
