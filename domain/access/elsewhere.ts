/** Who is cut off because the server listens elsewhere afterwards: nobody is taken to look for it. Pure. */
import { parseAddress } from './address.ts';
import type { Access, AccessState, Principal } from './login.ts';

/** null: where it came before, there the server still is. */
export function goneFrom(before: AccessState, after: AccessState): (principal: Principal) => Access | null {
  const denied = (why: string): Access => ({ kind: 'denied', why, sqlState: null, where: null });
  if (before.port !== undefined && after.port !== undefined && before.port !== after.port) {
    const moved = denied(`the server listens on port ${after.port}, and no longer on ${before.port}`);
    return () => moved;
  }
  const folders = leftBy(before.socketFolders ?? '', after.socketFolders ?? '');
  const addresses = isEverywhere(after.listen) ? [] : leftBy(before.listen, after.listen).filter(isOneAddress);
  // Which of several places somebody comes to is not known.
  const unknown = (what: readonly string[]): Access | null =>
    what.length === 0
      ? null
      : { kind: 'unknown', why: `the server no longer listens on ${what.join(', ')}`, where: null };
  const [bySocket, byNetwork] = [unknown(folders), unknown(addresses)];
  return ({ address }) => (address === null ? bySocket : byNetwork);
}

function leftBy(before: string, after: string): readonly string[] {
  const stays = new Set(partsOf(after));
  return partsOf(before).filter((part) => !stays.has(part));
}

function partsOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((part) => part.trim().replaceAll('"', ''))
    .filter((part) => part !== '');
}

function isEverywhere(listen: string): boolean {
  return partsOf(listen).some((part) => part === '*' || part === '0.0.0.0');
}

/** Of `*` and its like the simulator itself tells what is left. */
function isOneAddress(part: string): boolean {
  const address = parseAddress(part);
  return address !== null && address.bytes.some((byte) => byte !== 0);
}
