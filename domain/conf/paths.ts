/** POSIX paths as PostgreSQL treats them, without Node's `path`: pure string work, no symlinks. */

export function dirname(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** `canonicalize_path`: no `.`, `..`, double or trailing slashes. */
export function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Relative to the folder of the file that says it. */
export function resolveFrom(file: string, path: string): string {
  return normalise(isAbsolute(path) ? path : `${dirname(file)}/${path}`);
}

export function isInside(folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** Names in the data directory that mean something to the server by being there; include would read them as settings, too. */
const serverFiles: ReadonlySet<string> = new Set([
  'PG_VERSION',
  'backup_label',
  'current_logfiles',
  'fallback_promote',
  'postmaster.opts',
  'postmaster.pid',
  'promote',
  'recovery.conf',
  'recovery.signal',
  'standby.signal',
  'tablespace_map',
]);

/** The server's own, never configuration: its data, and what tells it to recover, to follow or to be promoted. */
export function isServersOwn(dataDirectory: string, path: string): boolean {
  if (!path.startsWith(`${dataDirectory}/`)) return false;
  const inside = path.slice(dataDirectory.length + 1);
  return serverFiles.has(inside) || /^(base|global|pg_[^/]*)\//.test(inside);
}

/** What include_dir reads of a folder: `*.conf`, no dotfiles, at least one character before the suffix. */
export function isIncludable(name: string): boolean {
  return name.length >= 6 && name.endsWith('.conf') && !name.startsWith('.');
}
