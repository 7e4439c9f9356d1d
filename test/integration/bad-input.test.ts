/** What a user does wrong, through the real command line: a clear error that names the place, soon, and nothing is lost. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProcess, type Run } from '../support/cli.ts';
import { freePort, useRig } from '../support/rig.ts';

const rig = useRig({ soak: '500ms' });
const folder = mkdtempSync(join(tmpdir(), 'knowngood-bad-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = (): string => readFileSync(join(rig().folder, 'knowngood.yaml'), 'utf8');
let files = 0;

function written(text: string, name = 'input'): string {
  const path = join(folder, `${name}-${(files += 1)}.yaml`);
  writeFileSync(path, text);
  return path;
}

const knowngood = (...args: string[]): Promise<Run> => startProcess(args, { NO_COLOR: '1' }).done;

/** With a good knowngood.yaml. */
const applied = (change: string, ...args: string[]): Promise<Run> =>
  knowngood('apply', written(change, 'change'), '--config', join(rig().folder, 'knowngood.yaml'), ...args);

const changeOf = (lines: string): string => `target: ${rig().targetName}\nreason: a test\n${lines}\n`;
const harmless = 'change: { settings: { work_mem: 6MB } }';

let before: Record<string, string>;
beforeAll(async () => {
  before = await rig().configuration();
});
const expectUntouched = async (): Promise<void> => expect(await rig().configuration()).toEqual(before);

describe('a mistake in a file is told with file, line and column', () => {
  for (const [what, bend, said] of [
    [
      'an unknown key',
      (yaml: string) => `${yaml}\ntargetz: {}\n`,
      [/input-\d+\.yaml:\d+:1: unknown key "targetz"/, '"targets"'],
    ],
    [
      'an unknown key deep inside',
      (yaml: string) => yaml.replace('lease: 30s', 'leese: 30s'),
      [/input-\d+\.yaml:\d+:5: policies\.test: unknown key "leese"/, 'Did you mean "lease"?'],
    ],
    [
      'a wrong unit',
      (yaml: string) => yaml.replace('lease: 30s', 'lease: 30sec'),
      [/input-\d+\.yaml:\d+:12: policies\.test\.lease: "30sec" is not a duration/, '"30s"'],
    ],
    [
      'a number without its unit',
      (yaml: string) => yaml.replace('lease: 30s', 'lease: 30'),
      [/:\d+:12: policies\.test\.lease: 30 is not a duration/],
    ],
    [
      'a literal password',
      (yaml: string) => yaml.replace(/password: '\$\{file:[^}]*target-password\}'/, 'password: hunter2'),
      [/:\d+:\d+: targets\.[^:]*password: must be a reference, not a literal secret/, '${env:NAME}'],
    ],
    [
      'a password in an address',
      (yaml: string) => yaml.replace('postgresql://postgres@', 'postgresql://postgres:hunter2@'),
      [/:\d+:\d+: targets\.[^:]*connection: holds a password/],
    ],
    [
      'a target that is not there',
      (yaml: string) => yaml.replace(/uses: t-/, 'uses: tt-'),
      [/:\d+:\d+: dependents\.image-service\.uses: unknown target "tt-/, 'Did you mean "t-'],
    ],
    ['aliases without end', () => bomb, [/:\d+:\d+: YAML aliases are not supported/]],
    [
      'a prototype',
      (yaml: string) => `${yaml}\n__proto__: { polluted: true }\n`,
      [/:\d+:1: "__proto__" is not a valid key/],
    ],
    ['a depth without end', () => `targets: ${'['.repeat(50_000)}`, ['is nested too deeply']],
    ['ten megabytes', (yaml: string) => `${yaml}\n# ${'x'.repeat(10 * 1024 * 1024)}\n`, ['is larger than 256 KiB']],
    ['no YAML', () => '\u0000\u0001\u001b[31m{{{', [/input-\d+\.yaml/]],
    ['nothing', () => '', ['"targets" is missing']],
  ] as const)
    it(what, async () => {
      const run = await knowngood('apply', written(changeOf(harmless), 'change'), '--config', written(bend(good())));
      expectError(run, ...said);
      expect(run.err).not.toContain('hunter2');
    });

  it('a file that never ends', async () => {
    const run = await knowngood('apply', written(changeOf(harmless), 'change'), '--config', '/dev/zero');
    expectError(run, 'is larger than 256 KiB');
  });

  it('a change that names a file that never ends, or none', async () => {
    const run = await applied(changeOf('change: { files: { a.conf: /dev/zero, b.conf: ./nope.conf, c.conf: / } }'));
    expectError(
      run,
      /change\.files\.a\.conf: /,
      /change\.files\.b\.conf: file ".*nope\.conf" does not exist/,
      /c\.conf/,
    );
  });

  it('an unknown key in a change, with the nearest one', async () => {
    const run = await applied(changeOf('change: { setings: { work_mem: 6MB } }'));
    expectError(run, /change-\d+\.yaml:3:11: change: unknown key "setings"/, 'Did you mean "settings"?');
  });

  it('a wrong unit of a setting', async () => {
    const run = await applied(changeOf('change: { settings: { work_mem: 6mb } }'));
    expect(run.code).toBe(13);
    expect(run.out).toMatch(
      /invalid value for setting "work_mem": 6mb[^]*"mb" is no unit of this setting, with a unit of B, kB/,
    );
    await expectUntouched();
  });

  it('an unknown setting, with the nearest one', async () => {
    const run = await applied(changeOf('change: { settings: { wrok_mem: 6MB } }'));
    expect(run.code).toBe(13);
    expect(run.out).toMatch(/unknown setting "wrok_mem"[^]*Did you mean "work_mem"\?/);
    await expectUntouched();
  });

  it('a literal secret in a change', async () => {
    const run = await applied(changeOf("change: { settings: { primary_conninfo: 'host=x password=hunter2' } }"));
    expectError(run, 'change.settings.primary_conninfo: holds a secret');
    expect(run.err).not.toContain('hunter2');
  });
});

const bomb = ['a: &a [x, x, x, x, x, x]', 'b: &b [*a, *a, *a, *a]', 'c: &c [*b, *b, *b, *b]', 'd: [*c, *c]', ''].join(
  '\n',
);

describe('somebody who is not there is told within ten seconds', () => {
  it('an unknown target, with the nearest one', async () => {
    const run = await applied(changeOf(harmless).replace('target: t-', 'target: tt-'));
    expectError(run, /unknown target "tt-/, /Did you mean "t-/);
  });

  it('an agent', async () => {
    await rig().stopAgent();
    const started = performance.now();
    const run = await applied(changeOf(harmless), '--json');
    await rig().startAgent();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(run.code).toBe(1);
    expect(run.json()).toMatchObject({ outcome: 'rejected', reason: 'no-agent', exitCode: 1 });
    expect(JSON.stringify(run.json()['problems'])).toMatch(
      /no agent answers for target t-.*knowngood agent --agent-config/,
    );
  }, 30_000);

  it('Temporal', async () => {
    const config = written(good().replace(/address: '[^']*'/, `address: '127.0.0.1:${await freePort()}'`));
    const run = await knowngood('apply', written(changeOf(harmless), 'change'), '--config', config);
    expectError(run, 'no Temporal server answers at 127.0.0.1:');
  });
});

describe('a second change on a busy target', () => {
  it('ends in 14 and names the holder', async () => {
    const first = await rig().start({
      change: { kind: 'config', settings: { work_mem: '8MB' } },
      overrides: { soak: '5m' },
    });
    await first.reaches('watch');
    const run = await applied(changeOf(harmless));
    await first.executeUpdate('abort', { args: ['kim: make room'] });
    await first.outcome();
    expect(run.code).toBe(14);
    expect(run.out).toContain(`target ${rig().targetName} has an open change`);
    expect(run.out).toMatch(new RegExp(`${first.changeId} is in phase applied`));
    await expectUntouched();
  }, 60_000);
});

it('a symbolic link to a good file works like the file', async () => {
  symlinkSync(join(rig().folder, 'knowngood.yaml'), join(folder, 'linked.yaml'));
  expect(await knowngood('status', '--config', join(folder, 'linked.yaml'))).toMatchObject({ code: 0 });
});

function expectError(run: Run, ...said: readonly (string | RegExp)[]): void {
  for (const words of said) expect(run.err).toMatch(words);
  expect(run.err).toMatch(/^ERROR: {2}/m);
  expect(run.err).not.toMatch(/^\s+at /m);
  expect(run.code).toBe(1);
}
