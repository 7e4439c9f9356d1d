/** Who connects to a server, and from where: rules of pg_hba.conf that name a role, and the sessions that are open. */
import { BlockList, isIP } from 'node:net';
import { byCodeUnit } from '../../domain/snapshot/canonical.ts';
import type { Service, ServiceAccess } from '../../domain/survey.ts';

/** A row of pg_hba_file_rules. */
export interface HbaRule {
  readonly [column: string]: unknown;
  readonly line: number;
  readonly type: string;
  readonly databases: readonly string[] | null;
  readonly roles: readonly string[] | null;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly method: string;
}

export interface SeenSession {
  readonly [column: string]: unknown;
  readonly role: string;
  readonly database: string;
  /** null: a socket. */
  readonly address: string | null;
  readonly tls: boolean;
  readonly application: string;
}

/** `databases`: where a role that may connect anywhere is taken to connect, the likeliest first. */
export function servicesOf(
  roles: readonly string[],
  rules: readonly HbaRule[],
  sessions: readonly SeenSession[],
  databases: readonly string[],
): readonly Service[] {
  return roles.flatMap((role): Service[] => {
    const own = sessions.filter((session) => session.role === role);
    const ruled = rules.flatMap((rule) => accessOf(rule, role, own, databases));
    const seen = own.map(({ database, address, tls }): ServiceAccess => {
      return { database, from: address, tls, source: 'seen connected' };
    });
    const access = unique([...ruled, ...seen.filter((one) => !ruled.some((other) => covers(other, one)))]);
    if (access.length === 0) return [];
    const applications = [...new Set(own.map(({ application }) => application).filter((name) => name !== ''))];
    return [{ role, access, applications: applications.sort(byCodeUnit) }];
  });
}

/** Only rules that name the role itself: `all` says nothing about who uses it. */
function accessOf(
  rule: HbaRule,
  role: string,
  own: readonly SeenSession[],
  databases: readonly string[],
): readonly ServiceAccess[] {
  if (rule.method === 'reject' || !(rule.roles ?? []).includes(role)) return [];
  const anywhere = own[0]?.database ?? databases[0] ?? 'postgres';
  const named = (rule.databases ?? []).flatMap((name) => {
    if (name === 'all' || name.startsWith('/') || name.startsWith('@')) return [anywhere];
    if (name === 'sameuser' || name === 'samerole' || name === 'samegroup')
      return databases.includes(role) ? [role] : [];
    return name === 'replication' ? [] : [name];
  });
  const from = rule.type === 'local' ? null : networkOf(rule.address, rule.netmask);
  return [...new Set(named)].map((database) => ({
    database,
    from,
    tls: rule.type === 'hostssl',
    source: `pg_hba.conf line ${rule.line}`,
  }));
}

/** null: a name, `samenet`, everything: nothing that an address could be compared with. */
function networkOf(address: string | null, netmask: string | null): string | null {
  if (address === null || isIP(address) === 0) return null;
  const bits = netmask === null ? null : bitsOf(netmask);
  if (bits === null || bits === 0) return null;
  return bits === (isIP(address) === 4 ? 32 : 128) ? address : `${address}/${bits}`;
}

/** null: not contiguous. */
function bitsOf(netmask: string): number | null {
  const binary =
    isIP(netmask) === 4
      ? netmask
          .split('.')
          .map((part) => Number(part).toString(2).padStart(8, '0'))
          .join('')
      : groupsOf(netmask)
          .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
          .join('');
  return /^1*0*$/.test(binary) ? binary.replace(/0/g, '').length : null;
}

function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const [left, right] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const missing = 8 - (left?.length ?? 0) - (right?.length ?? 0);
  return tail === undefined ? (left ?? []) : [...(left ?? []), ...Array<string>(missing).fill('0'), ...(right ?? [])];
}

function covers(rule: ServiceAccess, seen: ServiceAccess): boolean {
  if (rule.database !== seen.database) return false;
  if (rule.from === null || seen.from === null) return rule.from === seen.from;
  const [network = '', bits] = rule.from.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  if (bits === undefined) list.addAddress(network, family);
  else list.addSubnet(network, Number(bits), family);
  return list.check(seen.from, isIP(seen.from) === 6 ? 'ipv6' : 'ipv4');
}

function unique(access: readonly ServiceAccess[]): readonly ServiceAccess[] {
  const keys = new Map(access.map((one) => [`${one.database}\0${one.from}\0${one.tls}`, one] as const).reverse());
  return access.filter((one) => [...keys.values()].includes(one));
}
