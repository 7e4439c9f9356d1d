/**
 * Configuration files as they stand in a folder of their own: the same tree below another root, so that every relative
 * path still leads where it did. Only absolute paths are rewritten, and one rule of our own opens pg_hba.conf. Pure.
 */
import { parseConf, quoteConf } from '../../../domain/conf/conf-file.ts';
import { isAbsolute, normalise } from '../../../domain/conf/paths.ts';

export interface PrivateTree {
  /** Absolute, without symbolic links, and of plain characters only. */
  readonly root: string;
  /** The role that the rule of our own lets in over the socket. */
  readonly role: string;
  /** Files that stand in the tree: an absolute path of a setting is rewritten when it leads to one of them. */
  readonly holds: (path: string) => boolean;
  /** Settings that stand on the command line instead: a reload would take a line of a file that differs for a pending restart. */
  readonly leavesOut: (name: string) => boolean;
}

export type TreeRole = 'conf' | 'hba-main' | 'access' | 'other';

/** Settings whose value is a file or folder that the server reads. */
const pathSettings: ReadonlySet<string> = new Set([
  'hba_file',
  'ident_file',
  'krb_server_keyfile',
  'ssl_ca_file',
  'ssl_cert_file',
  'ssl_crl_dir',
  'ssl_crl_file',
  'ssl_dh_params_file',
  'ssl_key_file',
]);

export function placeIn({ root }: Pick<PrivateTree, 'root'>, path: string): string {
  return `${root}${normalise(path)}`;
}

/** Paths of the tree as the reader knows them. */
export function inOwnWords({ root }: Pick<PrivateTree, 'root'>, text: string): string {
  return text.replaceAll(root, '');
}

/** What a setting of the candidate says there. */
export function settingIn(tree: PrivateTree, name: string, value: string): string {
  if (!pathSettings.has(name.toLowerCase())) return value;
  const [, prefix = '', path = ''] = /^((?:WR)?FILE:)?(.*)$/s.exec(value) ?? [];
  return isAbsolute(path) && tree.holds(normalise(path)) ? `${prefix}${placeIn(tree, path)}` : value;
}

export function contentIn(tree: PrivateTree, role: TreeRole, content: string): string {
  switch (role) {
    case 'conf':
      return confIn(tree, content);
    case 'hba-main':
      return `${ownRule(tree)}\n${accessIn(tree, content)}`;
    case 'access':
      return accessIn(tree, content);
    case 'other':
      return content;
    default:
      return role satisfies never;
  }
}

export function ownRule({ role }: Pick<PrivateTree, 'role'>): string {
  return `local all ${role} trust`;
}

function confIn(tree: PrivateTree, content: string): string {
  const lines = content.split('\n');
  for (const line of parseConf(content)) {
    if (line.kind === 'error') continue;
    if (line.kind === 'setting' && tree.leavesOut(line.name)) lines[line.line - 1] = `# ${lines[line.line - 1]}`;
    else if (line.kind === 'setting') {
      const value = settingIn(tree, line.name, line.value);
      if (value !== line.value) lines[line.line - 1] = `${line.name} = ${quoteConf(value)}`;
    } else if (isAbsolute(line.value)) lines[line.line - 1] = `${line.kind} ${quoteConf(placeIn(tree, line.value))}`;
  }
  return lines.join('\n');
}

/** `include /path` and `@/path`, quoted or not; a quoted `"@/path"` is a name. */
function accessIn(tree: PrivateTree, content: string): string {
  const at = (path: string): string => placeIn(tree, path);
  return content
    .replace(
      /^([ \t]*"?include(?:_if_exists|_dir)?"?[ \t]+"?)(\/[^\s",]*)/gm,
      (_, head: string, path: string) => `${head}${at(path)}`,
    )
    .replace(/(^|[\s,])@(\/[^\s",]*)/gm, (_, head: string, path: string) => `${head}@${at(path)}`);
}
