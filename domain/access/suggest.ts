/** Dependents for knowngood.yaml, out of who was seen and is declared by nobody. Pure. */
import type { Service } from '../survey.ts';
import type { Asked } from './impact.ts';
import type { Observed } from './observed.ts';

export interface Suggested {
  readonly services: readonly Service[];
  /** Whom nobody has to declare, and why: a line each. */
  readonly leftOut: readonly string[];
}

/** More addresses than these are a network that a person has to name. */
const mostAddresses = 20;

export function suggestionsOf(observed: readonly Observed[], declared: readonly Asked[]): Suggested {
  const known = new Set(declared.map(({ user, database }) => `${user} ${database}`));
  const leftOut: string[] = [];
  const byUser = new Map<string, Observed[]>();
  for (const one of observed) {
    if (one.replication) leftOut.push(`${one.user} from ${one.address ?? 'the socket'}: replicates`);
    else if (known.has(`${one.user} ${one.database}`)) leftOut.push(`${one.user} to ${one.database}: declared already`);
    else byUser.set(one.user, [...(byUser.get(one.user) ?? []), one]);
  }
  const services = [...byUser].map(([role, seen]): Service => serviceOf(role, seen, leftOut));
  return { services, leftOut: [...new Set(leftOut)] };
}

/** Each address as it was seen: a network that nobody has named is not made up. */
function serviceOf(role: string, seen: readonly Observed[], leftOut: string[]): Service {
  const often = [...seen].sort((a, b) => b.count - a.count);
  if (often.length > mostAddresses)
    leftOut.push(`${role}: seen from ${often.length - mostAddresses} more addresses; name their network instead`);
  return {
    role,
    access: often.slice(0, mostAddresses).map(({ database, address, tls, count }) => ({
      database,
      from: address ?? 'local',
      tls,
      source: `seen ${count} times`,
    })),
    applications: [...new Set(seen.map(({ applicationName }) => applicationName))].filter((name) => name !== ''),
  };
}
