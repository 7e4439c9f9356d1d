/** One item of a plan or of a drift, or one line of a file, as it may leave the house: by Slack, a pager, mail. Pure. */
import { holdsSecret } from '../conf/settings.ts';
import { holdsLiteralSecret } from '../secrets.ts';

/** The summary; of a setting whose value may carry a secret, and of whatever shows one, only that it changed. */
export function plainItem({ key, summary }: { readonly key: string; readonly summary: string }): string {
  const [kind = '', ...rest] = key.split(':');
  const name = rest.join(':');
  const isTelling = kind === 'setting' && mayCarrySecret(name);
  return isTelling || holdsLiteralSecret(summary) ? `${name || key} changed` : summary;
}

/** Of a setting whose value may carry a secret its name, commented out or not; of what else shows one, nothing. */
export function plainLine(line: string): string {
  const [, name = ''] = /^[\s#]*([a-z_][\w.]*)(?=[\s='])/i.exec(line) ?? [];
  if (mayCarrySecret(name)) return `${name} = …`;
  return holdsLiteralSecret(line) ? 'a line that may hold a secret' : line;
}

/** Commands are written with tokens and passwords in them, connection strings too. */
function mayCarrySecret(name: string): boolean {
  // What an application keeps in settings of its own is called in many ways.
  const isItsOwn = name.includes('.') && /key$|secret|token|passw|credential/i.test(name);
  return isItsOwn || holdsSecret(name) || /(command|conninfo)$/i.test(name);
}
