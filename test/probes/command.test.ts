/** A `command` check runs real programs, and none that probe.yaml does not name. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandCheck } from '../../domain/check.ts';
import { measureCommand } from '../../probes/command.ts';
import { aCommandCheck } from '../probes/builders.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kg-command-'));
});
afterAll(() => rm(folder, { recursive: true }));

const node = (script: string): readonly string[] => [process.execPath, '-e', script];
const run = (argv: readonly string[], bent: Partial<CommandCheck> = {}) =>
  measureCommand(aCommandCheck(bent), { smoke: argv });

describe('a program', () => {
  for (const [name, argv, want] of [
    ['that ends well passes, whatever it says', node('console.error("hm")'), { mark: 'pass', message: null }],
    [
      'that fails says why in its last line',
      node('console.error("first\\nupload refused\\n"); process.exit(3)'),
      { mark: 'fail', class: 'command', code: '3', message: 'upload refused' },
    ],
    [
      'that says nothing says how it ended',
      node('process.exit(2)'),
      { mark: 'fail', code: '2', message: 'the program exited with 2' },
    ],
    [
      'that is killed fails',
      node('process.kill(process.pid, "SIGTERM"); setTimeout(() => 0, 9e3)'),
      { mark: 'fail', code: 'SIGTERM' },
    ],
    ['that is not there is trouble of the probe', ['/nowhere/at-all'], { mark: 'error', code: 'ENOENT' }],
    ['that may not be run is trouble of the probe', ['/etc/passwd'], { mark: 'error', code: 'EACCES' }],
  ] as const)
    it(name, async () => expect(await run(argv)).toMatchObject(want));

  it('gets its arguments as they are, without a shell', async () => {
    const argv = [...node('console.error(process.argv[1]); process.exit(1)'), '$(touch x); *'];
    expect(await run(argv)).toMatchObject({ message: '$(touch x); *' });
  });

  it('gets nothing of the environment that may hold a secret', async () => {
    process.env['PROBE_TOKEN'] = 'geheim-token';
    expect(
      await run(node('process.exit(process.env.PROBE_TOKEN === undefined && process.env.PATH ? 0 : 1)')),
    ).toMatchObject({ mark: 'pass' });
  });

  it('that floods is bounded', async () => {
    const argv = node(
      'for (let i = 0; i < 200; i += 1) process.stderr.write("x".repeat(65536)); console.log("y".repeat(1e7)); process.exitCode = 1',
    );
    const measured = await run(argv, { timeoutMs: 10_000 });
    expect(measured).toMatchObject({ mark: 'fail', class: 'command' });
    expect(measured.message?.length).toBeLessThanOrEqual(300);
  });

  it('that hangs is ended in time, with its children', async () => {
    const pidFile = join(folder, 'child');
    const script = `const c = require('child_process').spawn('sleep', ['60']); require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(c.pid)); setTimeout(() => 0, 60000)`;
    const beganAt = performance.now();
    expect(await run(node(script), { timeoutMs: 700 })).toMatchObject({ mark: 'fail', class: 'timeout' });
    expect(performance.now() - beganAt).toBeLessThan(3_000);
    const pid = Number(await readFile(pidFile, 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone Z');
    expect(state).toMatch(/^gone| Z /);
  });

  it('that leaves something running is not waited for', async () => {
    const beganAt = performance.now();
    expect(await run(['/bin/sh', '-c', 'sleep 3 & exit 0'], { timeoutMs: 9_000 })).toMatchObject({ mark: 'pass' });
    expect(performance.now() - beganAt).toBeLessThan(2_000);
  });
});

describe('a name', () => {
  it('that probe.yaml does not know runs nothing', async () =>
    expect(await run(node(''), { command: 'other' })).toMatchObject({
      mark: 'error',
      class: 'probe',
      code: 'not-allowed',
      message: expect.stringContaining('"other"'),
    }));

  it('that every object knows runs nothing either', async () =>
    expect(await run(node(''), { command: 'constructor' })).toMatchObject({ mark: 'error', code: 'not-allowed' }));
});
