/** The Debian package: it is built, unpacked, and what is in it runs. Full suite only: it copies all dependencies. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { keep } from '../../worker/stack/keeper.ts';
import { createCluster } from '../../worker/stack/cluster.ts';
import { comesWithTemporal, goFilesIn, listsOfModules } from '../support/go-files.ts';
import { eventually } from '../support/processes.ts';

const exec = promisify(execFile);
const hasSystemd = process.getuid?.() === 0 && existsSync('/usr/bin/systemd-analyze');
const describeFull = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? describe : describe.skip;

describeFull('the Debian package', () => {
  let folder = '';
  let root = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'knowngood-deb-'));
    root = join(folder, 'root');
    await exec(join(packageRoot, 'deploy', 'debian', 'build.sh'), [folder]);
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
    await exec('dpkg-deb', ['-x', join(folder, deb), root]);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lays its files out as Debian does', () => {
    for (const path of [
      'usr/lib/systemd/system/knowngood-agent@.service',
      'usr/lib/systemd/system/knowngood-worker.service',
      'usr/lib/systemd/system/knowngood-probe@.service',
      'usr/lib/systemd/system/knowngood-codec.service',
      'usr/lib/sysusers.d/knowngood.conf',
      'usr/lib/tmpfiles.d/knowngood.conf',
      'etc/default/knowngood',
      'usr/share/polkit-1/rules.d/50-knowngood.rules',
      'usr/share/doc/knowngood/deployment.md',
      'etc/knowngood/agents',
    ])
      expect(statSync(join(root, path)).mode & 0o022).toBe(0);
  });

  it('holds no program of Go, and of modules only the lists', () => {
    const { programs, sources } = goFilesIn(root);
    expect(programs).toEqual([]);
    const own = sources.filter((path) => !comesWithTemporal.test(path));
    expect(own).toEqual(listsOfModules.map((path) => `usr/lib/knowngood/${path}`));
  });

  it('is taken by the tools of systemd that read it', async () => {
    if (!hasSystemd) return console.log('no root or no systemd here: its tools were not asked');
    const units = ['worker', 'codec', 'probe@dmz', 'agent@17-main'].map((name) => `knowngood-${name}.service`);
    const verify = ['verify', '--man=no', '--recursive-errors=no', `--root=${root}`, ...units];
    expect(await exec('systemd-analyze', verify)).toMatchObject({ stderr: '' });
    await exec('systemd-sysusers', [`--root=${root}`, 'knowngood.conf']);
    await exec('systemd-tmpfiles', ['--create', `--root=${root}`, 'knowngood.conf']);
    const { mode, uid } = statSync(join(root, 'var/lib/knowngood-worker'));
    expect(mode & 0o777).toBe(0o700);
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toContain(`knowngood:x:${uid}:`);
  });

  it('holds all that an agent needs to run', async () => {
    const cluster = await createCluster({ major: 17 });
    const config = join(folder, 'agent.yaml');
    const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`;
    writeFileSync(join(folder, 'password'), cluster.password);
    const [stateDir, keyFile] = [join(folder, 'state'), join(folder, 'agent.key')];
    const password = `\${file:${folder}/password}`;
    writeFileSync(
      config,
      JSON.stringify({ target: 'main', connection, password, stateDir, keyFile, temporal: { address: '127.0.0.1:1' } }),
    );
    const agent = await keep(join(root, 'usr/bin/knowngood'), ['agent', '--agent-config', config]);
    try {
      await eventually('it runs', () => Promise.resolve(agent.tail().includes('agent for main is running')), 30_000);
      expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    } finally {
      await agent.stop();
      await cluster.remove();
    }
  });
});
