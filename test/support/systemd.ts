/** A systemd of the test's own, in namespaces of its own: it boots the units of deploy/ and nothing of this machine. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { keep } from '../../worker/stack/keeper.ts';
import { eventually } from './processes.ts';

const exec = promisify(execFile);
const init = '/lib/systemd/systemd';
const shipped = join(packageRoot, 'deploy', 'systemd');

/** It takes root, and systemd as Debian installs it. */
export const canBoot = process.getuid?.() === 0 && existsSync(init);

export interface Boot {
  /** A command on this machine; its output. */
  run(command: string, ...args: string[]): Promise<string>;
  systemctl(...args: string[]): Promise<string>;
  /** A property of a unit, such as `ActiveState`. */
  property(unit: string, name: string): Promise<string>;
  powerOff(): Promise<void>;
}

export interface Units {
  /** Names of units, instances included, that the machine starts with. */
  readonly wants: readonly string[];
  /** Further unit files and drop-ins, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where the machine sees this checkout. */
export const packageInside = '/run/knowngood-package';
/** Where it sees the program of Node, which may lie in a home that units are not shown. */
export const nodeInside = '/run/knowngood-node';

/** Resolves when systemd answers; what it starts may still be starting. */
export async function boot({ wants, files }: Units): Promise<Boot> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-boot-'));
  const all = {
    ...Object.fromEntries(readdirSync(shipped).map((name) => [name, readFileSync(join(shipped, name), 'utf8')])),
    // What the units' default dependencies name; nothing of this machine is started or tidied up.
    ...Object.fromEntries(
      ['sysinit', 'basic', 'shutdown', 'network-online'].map((name) => [`${name}.target`, bareTarget]),
    ),
    'night.target': `${bareTarget}Wants=${wants.join(' ')}\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const ownRoot = [
    'mount --make-rprivate /',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mount -t tmpfs -o mode=755 tmpfs /var/lib',
    // RemoveIPC looks in here, and other servers of the same user run outside.
    'mount -t tmpfs -o mode=1777 tmpfs /dev/shm',
    // The checkout may stand where only its owner comes.
    `mkdir /run/systemd /run/systemd/system ${packageInside}`,
    `mount --bind ${packageRoot} ${packageInside}`,
    `touch ${nodeInside}`,
    `mount --bind ${process.execPath} ${nodeInside}`,
    `exec ${init} --system --unit=night.target --show-status=no`,
  ];
  const namespaces = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', '--cgroup', '--uts', '--ipc'];
  const kept = await keep('unshare', [...namespaces, 'sh', '-ec', ownRoot.join('\n')], {
    env: { PATH: process.env['PATH'], container: 'other', SYSTEMD_UNIT_PATH: folder },
  });
  const inside = async (): Promise<string | undefined> => {
    const children = async (pid: number | string): Promise<string[]> =>
      (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ').filter(Boolean);
    for (const child of await children(kept.pid))
      for (const grandchild of await children(child))
        if ((await readFile(`/proc/${grandchild}/comm`, 'utf8').catch(() => '')).startsWith('systemd'))
          return grandchild;
    return undefined;
  };
  const run = async (...command: string[]): Promise<string> => {
    const pid = await inside();
    if (pid === undefined) throw new Error(`systemd has ended: ${kept.tail()}`);
    const { stdout } = await exec('nsenter', ['-t', pid, '-m', '-p', ...command]);
    return stdout.trim();
  };
  const systemctl = (...args: string[]): Promise<string> => run('systemctl', '--no-pager', ...args);
  const powerOff = async (): Promise<void> => {
    await kept.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually('systemd answers', () =>
      systemctl('list-jobs').then(
        () => true,
        () => false,
      ),
    );
  } catch (error) {
    await powerOff();
    throw error;
  }
  return { run, systemctl, powerOff, property: (unit, name) => systemctl('show', '--value', '--property', name, unit) };
}

const bareTarget = '[Unit]\nDefaultDependencies=no\n';
