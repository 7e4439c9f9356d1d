/** One item of a plan or of a drift, as it may leave the house: by Slack, a pager, mail. Pure. */
import { holdsSecret } from '../conf/settings.ts';
import { holdsLiteralSecret } from '../secrets.ts';

/** The summary; of a setting whose value may carry a secret, and of whatever shows one, only that it changed. */
export function plainItem({ key, summary }: { readonly key: string; readonly summary: string }): string {
  const [kind = '', ...rest] = key.split(':');
  const name = rest.join(':');
  const isTelling = kind === 'setting' && (holdsSecret(name) || mayCarrySecret.test(name));
  return isTelling || holdsLiteralSecret(summary) ? `${name || key} changed` : summary;
}

/** Commands are written with tokens and passwords in them, connection strings too. */
const mayCarrySecret = /(command|conninfo)$/i;
