/** Whether a map of pg_ident.conf lets a system user be a role: the first line that does, or the first mistake (`check_usermap`). */
import type { HbaToken } from '../hba/tokens.ts';
import type { IdentMap } from './ident-maps.ts';
import { type Fits, type MatchFacts, fitsUser } from './match.ts';
import { compileRegex } from './regex.ts';

export interface Identified {
  /** Of the rule; null: it names no map, and then both have to be the same. */
  readonly map: string | null;
  readonly systemUser: string;
  readonly user: string;
}

/** A string: why nobody but the server can tell. */
export function fitsMap(maps: readonly IdentMap[], { map, systemUser, user }: Identified, facts: MatchFacts): Fits {
  if (map === null || map === '') return systemUser === user;
  for (const line of maps) {
    if (line.map !== map) continue;
    const fits = fitsLine(line, systemUser, user, facts);
    if (fits === null) return false;
    if (fits !== false) return fits;
  }
  return false;
}

/** null: a mistake, and the server looks no further. */
function fitsLine(line: IdentMap, systemUser: string, user: string, facts: MatchFacts): Fits | null {
  const { text } = line.systemUser;
  if (!text.startsWith('/')) return systemUser === text && fitsRole(line.databaseUser, user, facts);
  const regex = compileRegex(text.slice(1));
  const undecided = `what ${text} makes of ${systemUser} only the server can tell`;
  if (regex.kind !== 'regex') return undecided;
  if (!regex.matches(systemUser)) return false;
  const wanted = line.databaseUser;
  if (!wanted.text.includes('\\1') || !isReplaced(wanted, facts)) return fitsRole(wanted, user, facts);
  const captured = regex.captured(systemUser);
  if (captured.kind === 'none') return null;
  const at = wanted.text.indexOf('\\1');
  const [head, tail] = [wanted.text.slice(0, at), wanted.text.slice(at + 2)];
  if (captured.kind === 'text') return head + captured.text + tail === user;
  // Whatever it took, it would not be this one.
  const isPossible = user.startsWith(head) && user.endsWith(tail) && user.length >= head.length + tail.length;
  return isPossible ? undecided : false;
}

/** What means more than a name is left as it is, from 16 on. */
function isReplaced({ text, quoted }: HbaToken, { versionNum }: MatchFacts): boolean {
  return versionNum < 160000 || ((quoted || !text.startsWith('+')) && !text.startsWith('/'));
}

/** Before 16 `all`, `+group` and expressions were names like any other. */
function fitsRole(token: HbaToken, user: string, facts: MatchFacts): Fits {
  return facts.versionNum < 160000 ? token.text === user : fitsUser(token, user, facts);
}
