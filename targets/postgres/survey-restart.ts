/** How this host restarts the server: Debian's clusters, a systemd unit, else pg_ctl as a suggestion. */
import { access, readFile, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RestartFound } from '../../domain/survey.ts';
import type { Postmaster } from './postmaster.ts';

/** null: nothing was found. `postmaster` null: it does not run here. */
export async function findRestart(
  configFile: string | null,
  dataDirectory: string | null,
  postmaster: Postmaster | null,
): Promise<RestartFound | null> {
  const systemd = await exists('/run/systemd/system');
  const debian = debianCluster(configFile, dataDirectory);
  if (debian !== null) {
    const { major, name } = debian;
    const argv = systemd
      ? ['systemctl', 'restart', `postgresql@${major}-${name}`]
      : ['pg_ctlcluster', major, name, 'restart'];
    return { argv, because: `Debian's cluster ${major}/${name}`, sure: true };
  }
  if (postmaster === null || dataDirectory === null) return null;
  const unit = systemd ? unitIn(await readFile(`/proc/${postmaster.pid}/cgroup`, 'utf8').catch(() => '')) : null;
  if (unit !== null) return { argv: ['systemctl', 'restart', unit], because: `systemd unit ${unit}`, sure: true };
  return pgCtl(postmaster, dataDirectory);
}

/** `/etc/postgresql/17/main/postgresql.conf`, `/var/lib/postgresql/17/main`. */
export function debianCluster(
  configFile: string | null,
  dataDirectory: string | null,
): { readonly major: string; readonly name: string } | null {
  const match =
    /^\/etc\/postgresql\/(\d+)\/([^/]+)\/postgresql\.conf$/.exec(configFile ?? '') ??
    /^\/var\/lib\/postgresql\/(\d+)\/([^/]+)$/.exec(dataDirectory ?? '');
  const [, major, name] = match ?? [];
  // The official container image keeps its data in /var/lib/postgresql/<major>/docker, and has no clusters.
  if (major === undefined || name === undefined || name === 'docker') return null;
  return { major, name };
}

/** `0::/system.slice/postgresql-17.service`. */
export function unitIn(cgroup: string): string | null {
  return /\/([^/\n]*postgres[^/\n]*)\.service$/im.exec(cgroup)?.[1]?.replace(/\\x2d/g, '-') ?? null;
}

async function pgCtl({ pid }: Postmaster, dataDirectory: string): Promise<RestartFound | null> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => null);
  if (program === null) return null;
  const path = join(dirname(program), 'pg_ctl');
  if (!(await exists(path))) return null;
  const owner = await stat(dataDirectory).catch(() => null);
  const name = owner === null ? null : await userName(owner.uid);
  // pg_ctl refuses to work for root.
  const as = name === null || name === 'root' ? [] : ['runuser', '-u', name, '--'];
  const argv = [...as, path, '-D', dataDirectory, '-m', 'fast', '-w', '-s', 'restart'];
  return { argv, because: `process ${pid}, started without a service manager`, sure: false };
}

async function userName(uid: number): Promise<string | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = passwd.split('\n').find((one) => one.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? null;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
