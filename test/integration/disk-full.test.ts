/** A file system without space under the configuration or under the agent: old files stay whole, and nothing is left behind. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chown, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  soak: '500ms',
  agentYaml: (target) =>
    `commands:\n  fill: { run: [sh, -c, 'echo "work_mem = 6MB" > ${target.dataDir}/conf.d/memory.conf; head -c 1000000 /dev/zero > ${target.dataDir}/conf.d/ballast; true'] }\n`,
});
const inConf = (name: string): string => join(rig().target.dataDir, 'conf.d', name);
let mounted = '';

/** Only root may mount; elsewhere there is no small file system to fill. */
const onlyAsRoot = process.getuid?.() === 0 && process.platform === 'linux' ? describe : describe.skip;

beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  const { target } = rig();
  mounted = join(target.dataDir, 'conf.d');
  mkdirSync(mounted);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', mounted]);
  writeFileSync(inConf('memory.conf'), `work_mem = 5MB\n# ${'old '.repeat(1_000)}\n`);
  if (target.systemUser)
    for (const path of [mounted, inConf('memory.conf')])
      await chown(path, target.systemUser.uid, target.systemUser.gid);
  const main = join(target.dataDir, 'postgresql.conf');
  writeFileSync(main, `${readFileSync(main, 'utf8')}include_dir = 'conf.d'\n`);
  await reload();
}, 60_000);
async function reload(): Promise<void> {
  const sql = new pg.Client({ connectionString: rig().target.url() });
  await sql.connect();
  await sql.query('select pg_reload_conf()');
  await sql.end();
}

async function fillUp(): Promise<void> {
  const { bavail, bsize } = await statfs(mounted);
  writeFileSync(inConf('ballast'), Buffer.alloc(bavail * bsize));
}

const everything = (): Record<string, string> =>
  Object.fromEntries(readdirSync(mounted).map((name) => [name, readFileSync(inConf(name), 'latin1')]));

onlyAsRoot('a full disk', () => {
  // Before the rig removes its folders.
  afterAll(() => void execFileSync('umount', ['--lazy', mounted]));

  it('keeps a file from being written: the old one stays whole, and the change ends reverted with the reason', async () => {
    await fillUp();
    const before = everything();
    const change = await rig().start({
      change: { kind: 'config', files: { 'conf.d/memory.conf': `work_mem = 6MB\n# ${'new '.repeat(3_000)}\n` } },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'apply-failed', dependents: 'recovered' });
    expect(result.summary).toMatch(/no space left to write .*conf\.d\/memory\.conf/);
    expect(everything()).toEqual(before);
    rmSync(inConf('ballast'));
  });

  it('keeps a new file from being made, beside others that are written and taken back', async () => {
    await fillUp();
    const [before, main] = [everything(), await rig().configuration()];
    const files = {
      'conf.d/new.conf': `work_mem = 6MB\n# ${'new '.repeat(3_000)}\n`,
      'pg_hba.conf': `${readFileSync(join(rig().target.dataDir, 'pg_hba.conf'), 'utf8')}# more\n`,
    };
    const change = await rig().start({ change: { kind: 'config', files } });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'apply-failed' });
    expect(everything()).toEqual(before);
    expect(await rig().configuration()).toEqual(main);
    rmSync(inConf('ballast'));
  });

  it('keeps a revert incomplete, which says so and completes once there is space again', async () => {
    const before = everything();
    // The command replaces the file by a small one, and then takes all the space that the old one would need.
    const change = await rig().start({ change: { kind: 'command', name: 'fill' }, overrides: { soak: '5m' } });
    await change.reaches('watch');
    await change.executeUpdate('abort', { args: ['kim: back'] });
    const view = await change.reaches('revert-incomplete');
    expect(view.remaining[0]?.message).toMatch(/no space left to write .*conf\.d\/memory\.conf/);
    rmSync(inConf('ballast'));
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator', problems: [] });
    expect(everything()).toEqual(before);
  }, 90_000);

  it('under the agent keeps it from arming: nothing is touched, and the reason is told', async () => {
    const state = join(rig().folder, 'state');
    await rig().stopAgent();
    const aside = `${state}-aside`;
    execFileSync('mv', [state, aside]);
    mkdirSync(state, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', state]);
    try {
      execFileSync('cp', ['-a', `${aside}/.`, state]);
      await rig().startAgent();
      const { bavail, bsize } = await statfs(state);
      writeFileSync(join(state, 'ballast'), Buffer.alloc(bavail * bsize));
      const before = await rig().configuration();
      const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '7MB' } } });
      const result = await change.outcome();
      expect(['rejected', 'aborted']).toContain(result.outcome);
      expect(result.summary).toMatch(/no space left/i);
      expect(await rig().configuration()).toEqual(before);
      rmSync(join(state, 'ballast'));
      const again = await rig().start({ change: { kind: 'config', settings: { work_mem: '7MB' } } });
      expect(await again.outcome()).toMatchObject({ outcome: 'kept' });
    } finally {
      await rig().stopAgent();
      execFileSync('umount', ['--lazy', state]);
      await eventually('the folder is free', async () => {
        rmSync(state, { recursive: true, force: true });
        return true;
      });
    }
  }, 90_000);
});
