/** The GitHub Action: its steps run as a runner would, against the real stack. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { useRig } from '../support/rig.ts';
import { startGithub, type StandIn } from './github-api.ts';
import { type ActionRun, type Job, runAction } from './github-runner.ts';
import { hostile } from './words.ts';

/** What needs the stack again to say little more. */
const describeFull = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? describe : describe.skip;

const rig = useRig({ accessLost: 'refused', soak: '500ms' });
const action = join(packageRoot, 'action.yml');
let folder = '';
let github: StandIn;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-action-'));
  mkdirSync(join(folder, 'bin'));
  // As an image that brings it along: the step that installs is run with the real package (test/package).
  writeFileSync(
    join(folder, 'bin', 'knowngood'),
    `#!/bin/sh\nexec '${process.execPath}' '${packageRoot}/dist/cli/main.js' "$@"\n`,
  );
  chmodSync(join(folder, 'bin', 'knowngood'), 0o755);
  writeFileSync(join(folder, 'event.json'), JSON.stringify({ pull_request: { number: 7 } }));
  github = await startGithub();
});
afterAll(async () => {
  await github?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (inputs: Record<string, string>, job: Partial<Job> = {}): Promise<ActionRun> =>
  runAction(
    action,
    { package: '', config: join(rig().folder, 'knowngood.yaml'), ...inputs },
    {
      temp: folder,
      workspace: folder,
      token: github.token,
      env: {
        HOME: folder,
        PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
        GITHUB_API_URL: github.address,
        GITHUB_REPOSITORY: 'shop/infrastructure',
        GITHUB_EVENT_PATH: join(folder, 'event.json'),
      },
      ...job,
    },
  );
const guard = (changeId: string, script: string, more: Record<string, string> = {}) =>
  ({ command: 'guard', target: rig().targetName, 'change-id': changeId, run: script, ...more }) as const;
const changeFile = (name: string, change: object, more: object = {}): string => {
  writeFileSync(join(folder, name), JSON.stringify({ target: rig().targetName, change, ...more }));
  return name;
};

describe('the action', () => {
  it('guards the commands of a step, and tells the job how it ended', async () => {
    const report = join(folder, 'report.html');
    const ran = await run(guard('action-kept', 'echo one\ntest -n "$KNOWNGOOD_CHANGE_ID"', { report }));
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.outputs).toMatchObject({
      outcome: 'kept',
      'change-id': 'action-kept',
      'exit-code': '0',
      target: rig().targetName,
      report,
    });
    expect(ran.summary).toMatch(/^## Knowngood: kept\n/);
    expect(ran.commands).toEqual([expect.objectContaining({ name: 'notice' })]);
    expect(readFileSync(report, 'utf8')).toContain('<html');
    expect(JSON.parse(readFileSync(ran.outputs['answer'] ?? '', 'utf8'))).toMatchObject({
      version: 1,
      outcome: 'kept',
    });
  });

  it('takes back what a cancelled job has done', async () => {
    const before = await rig().configuration();
    const script = `echo '# half done' >> '${rig().target.dataDir}/postgresql.conf'\necho written\nexec sleep 60`;
    const ran = await run(guard('action-cancelled', script), {
      onLine: (line, cancel) => line === 'written' && cancel(),
    });
    expect(ran).toMatchObject({ code: 10, outputs: { outcome: 'reverted', reason: 'pipeline-failed' } });
    expect(await rig().configuration()).toEqual(before);
  });

  it('shows a plan, and keeps one comment on the pull request current', async () => {
    const file = changeFile('plan.yaml', { settings: { work_mem: '6MB' } });
    const plan = () => run({ command: 'plan', file, comment: 'true' });
    github.comments.push({ id: 1, body: `<!-- knowngood:plan:${rig().targetName} -->\nnot ours`, login: 'mallory' });
    const first = await plan();
    expect(first).toMatchObject({ code: 0, outputs: { risk: 'low', outcome: 'planned', 'exit-code': '0' } });
    expect(first.summary).toContain('work_mem');
    changeFile('plan.yaml', { settings: { work_mem: '7MB' } });
    await plan();
    expect(github.comments).toHaveLength(2);
    expect(github.comments[0]?.body).toContain('not ours');
    expect(github.comments[1]?.body).toMatch(/^<!-- knowngood:plan:[a-z0-9-]+ -->\n### Knowngood: plan for .*[^]*7MB/);
    expect(github.requests.every(({ authorization }) => authorization === `Bearer ${github.token}`)).toBe(true);
  });

  it('fails with 13 where a change would be refused, says why at its file, and comments all the same', async () => {
    const file = changeFile('refused.yaml', { files: { 'pg_hba.conf': './hba' } });
    writeFileSync(join(folder, 'hba'), await rig().hbaWithoutDependent());
    const ran = await run({ command: 'plan', file, comment: 'true', 'comment-key': 'refused' });
    expect(ran).toMatchObject({ code: 13, outputs: { risk: 'refused' } });
    const [error] = ran.commands.filter(({ name }) => name === 'error');
    expect(error).toMatchObject({ properties: { file, title: 'Knowngood: would be refused' } });
    expect(error?.data).toContain('image_svc');
    expect(github.comments.at(-1)?.body).toContain('would be **refused**');
  });
});

describeFull('the action, in the rest of what it does', () => {
  it('fails the step with the exit code of the change, and stops at the first command that fails', async () => {
    const ran = await run(guard('action-failed', 'false\ntouch went-on'));
    expect(ran).toMatchObject({ code: 10 });
    expect(ran.outputs).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed' });
    expect(ran.commands).toEqual([
      expect.objectContaining({
        name: 'error',
        properties: { title: 'Knowngood: reverted' },
        data: expect.stringContaining('reverted'),
      }),
    ]);
    expect(() => readFileSync(join(folder, 'went-on'))).toThrow('ENOENT');
  });

  it('makes a declared change', async () => {
    const file = changeFile('work-mem.yaml', { settings: { work_mem: '5MB' } });
    const ran = await run({ command: 'apply', file, 'change-id': 'action-apply', options: '--soak=1s\n' });
    expect(ran).toMatchObject({ code: 0, outputs: { outcome: 'kept', 'change-id': 'action-apply' } });
  });

  it('only warns when the comment is not allowed', async () => {
    const ran = await run({ command: 'plan', file: 'plan.yaml', comment: 'true', token: 'of-a-fork' });
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.commands.map(({ name }) => name)).toContain('warning');
    expect(ran.log).toContain('answered 403');
  });

  it('says what is wrong with a change that cannot be read', async () => {
    writeFileSync(join(folder, 'wrong.yaml'), 'target: x\nchange: { settngs: {} }\n');
    const ran = await run({ command: 'plan', file: 'wrong.yaml' });
    expect(ran).toMatchObject({ code: 1, outputs: { outcome: '', 'exit-code': '1' } });
    expect(ran.commands[0]).toMatchObject({ name: 'error', data: expect.stringContaining('settngs') });
  });

  it('stays words: the names of inputs', async () => {
    for (const word of ['::error::pwned', '$(touch pwned)', '\n##[set-env name=PATH]/evil']) {
      const ran = await run({ command: 'guard', target: word, run: 'true', 'change-id': 'x' });
      expect(ran.code).toBe(1);
      expect(ran.commands.map(({ name }) => name)).toEqual(['error']);
      expect(ran.commands[0]?.data).not.toContain('pwned');
    }
  });
});

describe('what strangers have written', () => {
  it('stays words: reasons, as long as the message of a commit', async () => {
    const reason = `${hostile.join('\r\n')}\u001b[1m${'é'.repeat(3000)}`;
    const ran = await run(guard('action-hostile', 'true', { reason }));
    expect(ran).toMatchObject({ code: 0, outputs: { outcome: 'kept' }, env: {} });
    expect(ran.commands.map(({ name }) => name)).toEqual(['notice']);
  });

  it('stays words: what the command prints, and its outputs are its own', async () => {
    const script = `cat <<'END'\n${hostile.join('\n')}\nEND\necho 'outcome<<never' >> "\${GITHUB_OUTPUT:-/dev/null}"\nexit 3`;
    const ran = await run(guard('action-prints', script));
    expect(ran).toMatchObject({ code: 10, outputs: { outcome: 'reverted' }, env: {} });
    expect(ran.log).toContain('::set-output name=outcome::kept');
    expect(ran.commands.map(({ name }) => name)).toEqual(['error']);
  });

  it('stays words: settings and files of a change, in annotations, summary and comment', async () => {
    const hba = [`# ${hostile.join('\n# ')}`, '# @everyone', await rig().hbaWithoutDependent()].join('\n');
    writeFileSync(join(folder, 'hba'), hba);
    const file = changeFile('hostile.yaml', {
      files: { 'pg_hba.conf': './hba' },
      settings: { 'x.y': hostile.join('\n') },
    });
    const ran = await run({ command: 'plan', file, comment: 'true', 'comment-key': 'hostile' });
    expect(ran.outputs['exit-code']).not.toBe('0');
    expect(ran.commands.every(({ name }) => name === 'error' || name === 'warning')).toBe(true);
    expect(ran.env).toEqual({});
  });

  it('has run nothing', () => {
    expect(() => readFileSync(join(folder, 'pwned'))).toThrow('ENOENT');
  });
});
