/** GitLab, Jenkins, Argo CD: what their files would run, run here against the real stack. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { useRig } from '../support/rig.ts';
import { component } from './gitlab-component.ts';
import { hostile } from './words.ts';

const rig = useRig({ targetName: 'shop-db', accessLost: 'refused', soak: '500ms' });
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-pipelines-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin', 'knowngood'),
    `#!/bin/sh\nexec '${process.execPath}' '${packageRoot}/dist/cli/main.js' "$@"\n`,
  );
  chmodSync(join(folder, 'bin', 'knowngood'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The working folder of a job; new for each. */
let jobs = 0;
function workspace(): string {
  const path = join(folder, `job-${(jobs += 1)}`);
  mkdirSync(path);
  return path;
}

function sh(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number; log: string }> {
  const all = {
    HOME: folder,
    PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
    TEMPORAL_ADDRESS: rig().temporalAddress,
    ...env,
  };
  return new Promise((resolve) => {
    execFile('sh', ['-e', '-c', script], { cwd, env: all }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), log: `${stdout}${stderr}` });
    });
  });
}

describe('the component of GitLab', () => {
  async function run(inputs: Parameters<typeof component>[0], cwd = workspace()) {
    const job = component({ package: '', ...inputs }).jobs['knowngood'];
    if (job === undefined) throw new Error('the component has a job');
    const variables = Object.entries(job.variables).map(([name, { value }]) => [name, value]);
    const script = [...job.before_script, ...job.script].join('\n');
    const ran = await sh(script, cwd, { CI_JOB_ID: '1', ...(Object.fromEntries(variables) as Record<string, string>) });
    const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
    return { ...ran, cwd, read };
  }

  it('guards a command, and tells later jobs and people how it ended; whatever strangers have written', async () => {
    const script = ["cat <<'END'", ...hostile, 'END', 'echo "it\'s done" >>made'];
    // Called after its job, as nothing else is said.
    const ran = await run({ target: 'shop-db', reason: hostile.join(' ').replaceAll('\n', ' '), run: script });
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.read('made')).toBe("it's done\n");
    expect(ran.read('knowngood.env')).toBe(
      [
        'KNOWNGOOD_EXIT_CODE=0',
        'KNOWNGOOD_OUTCOME=kept',
        'KNOWNGOOD_REASON=soak-healthy',
        'KNOWNGOOD_TARGET=shop-db',
        'KNOWNGOOD_CHANGE_ID=job-1',
        'KNOWNGOOD_WORKFLOW_ID=knowngood:shop-db:job-1',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(ran.read('knowngood-quality.json'))).toEqual([]);
    expect(ran.read('knowngood-summary.md')).toMatch(/^## Knowngood: kept\n/);
    expect(existsSync(join(ran.cwd, 'pwned'))).toBe(false);
  });

  it('takes no input that could be more than the words of its line', () => {
    const breaks = ['x\nscript: [touch pwned]', 'x\r', 'x\u0085y', 'x\u2028y'];
    for (const reason of breaks) expect(() => component({ reason })).toThrow('does not take this as reason');
    for (const word of ["x'", 'x"', 'x\ny', 'x#{'])
      for (const name of ['job-name', 'stage', 'image', 'target'])
        expect(() => component({ [name]: word })).toThrow(`does not take this as ${name}`);
  });

  it('shows a merge request why a plan would be refused', async () => {
    const cwd = workspace();
    writeFileSync(join(cwd, 'hba'), await rig().hbaWithoutDependent());
    writeFileSync(join(cwd, 'change.yaml'), '{ target: shop-db, change: { files: { pg_hba.conf: ./hba } } }');
    const config = join(rig().folder, 'knowngood.yaml');
    const ran = await run({ command: 'plan', config }, cwd);
    expect(ran).toMatchObject({ code: 13 });
    expect(JSON.parse(ran.read('knowngood-quality.json'))).toContainEqual({
      description: expect.stringContaining('image_svc'),
      check_name: expect.any(String),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: 'critical',
      location: { path: 'change.yaml', lines: { begin: 1 } },
    });
    expect(ran.read('knowngood.env')).toContain('KNOWNGOOD_RISK=refused\n');
    expect(ran.read('knowngood-summary.md')).toContain('would be **refused**');
  });
});

it('the Jenkinsfile guards the upgrade, and lets Groovy fill in nothing but the exit code', async () => {
  const file = readFileSync(join(packageRoot, 'examples', 'pipelines', 'Jenkinsfile'), 'utf8');
  const [, script = ''] = /sh\(returnStatus: true, script: '''\n([^]*?)'''\)/.exec(file) ?? [];
  // In single quotes Groovy fills in nothing; it makes one backslash of two, and there is none but before a line's end.
  expect(file.match(/"[^"\n]*\$[^"\n]*"/g)?.filter((text) => !script.includes(text))).toEqual([
    // eslint-disable-next-line no-template-curly-in-string
    '"Knowngood ended with ${code}: see knowngood-summary.md"',
  ]);
  const cwd = workspace();
  writeFileSync(join(cwd, 'upgrade.sh'), '#!/bin/sh\necho upgraded >made\nexit 4\n', { mode: 0o755 });
  const shell = script.replaceAll('\\\n', '');
  const ran = await sh(shell, cwd, { BUILD_TAG: 'jenkins-Shop/db%2Fmain-42', REASON: hostile.join('\n') });
  expect(ran).toMatchObject({ code: 10 });
  const answer: unknown = JSON.parse(readFileSync(join(cwd, 'knowngood-answer.json'), 'utf8'));
  expect(answer).toMatchObject({ changeId: 'jenkins-shop-db-2fmain-42', outcome: 'reverted', commandExitCode: 4 });
  expect(readFileSync(join(cwd, 'knowngood-summary.md'), 'utf8')).toContain('reverted');
  expect(existsSync(join(cwd, 'pwned'))).toBe(false);
});

describe('the hooks of Argo CD', () => {
  interface Resource {
    readonly kind: string;
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  }
  interface Container {
    readonly args: readonly string[];
    readonly volumeMounts?: readonly { readonly mountPath: string }[];
  }
  async function run(name: string, programs: Record<string, string>) {
    const cwd = workspace();
    const text = readFileSync(join(packageRoot, 'examples', 'pipelines', name), 'utf8');
    const resources = parseAllDocuments(text).map((one) => one.toJS() as Resource);
    const container = resources.find(({ kind }) => kind === 'Job')?.spec?.template.spec.containers[0];
    const mount = container?.volumeMounts?.[0]?.mountPath;
    for (const [file, body] of Object.entries(resources.find(({ kind }) => kind === 'ConfigMap')?.data ?? {}))
      writeFileSync(join(cwd, file), body);
    // Folders of the container are folders here.
    const args = (container?.args ?? []).map((arg) => {
      const program = programs[arg];
      if (program !== undefined) writeFileSync(join(cwd, 'program'), program, { mode: 0o755 });
      return program === undefined ? arg.replace(`${mount ?? '/none'}/`, `${cwd}/`) : join(cwd, 'program');
    });
    return sh(`knowngood ${args.map((arg) => `'${arg}'`).join(' ')}`, cwd, {});
  }

  it('make a declared change, and once only', async () => {
    expect(await run('argocd-apply.yaml', {})).toMatchObject({ code: 0 });
    const again = await run('argocd-apply.yaml', {});
    expect(again).toMatchObject({ code: 0, log: expect.stringContaining('attached to change shop-db:work-mem-32mb') });
  });

  it('fail with the migration', async () => {
    const ran = await run('argocd-guard.yaml', { '/app/migrate': '#!/bin/sh\nexit 1\n' });
    expect(ran).toMatchObject({ code: 10, log: expect.stringContaining('reverted') });
  });
});
