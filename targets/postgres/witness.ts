/** HBA witnesses: connections of dependents, asked by a lone StartupMessage before and after a revert. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Witness } from '../target.ts';
import type { Endpoint } from './endpoint.ts';
import type { Postmaster } from './postmaster.ts';
import { type StartupAnswer, askStartup, isLetIn } from './startup-message.ts';

const timeoutMs = 2_000;

/** Dependents come over TCP unless the server has no address at all. */
export function askWitness(
  witness: Witness,
  endpoint: Endpoint,
  postmaster: Postmaster | null,
): Promise<StartupAnswer> {
  const { user, database, sourceAddress, tls } = witness;
  const listen = postmaster?.listenAddress ?? (endpoint.host.startsWith('/') ? null : endpoint.host);
  const port = postmaster?.port ?? endpoint.port;
  const host = listen === null ? (postmaster?.socketDir ?? endpoint.host) : reachable(listen, sourceAddress);
  return askStartup({
    host,
    port,
    user,
    database,
    tls,
    localAddress: host.startsWith('/') ? null : sourceAddress,
    timeoutMs,
  });
}

/** Where a wildcard is reached from here, in the family of the source address. */
export function reachable(listen: string, sourceAddress: string | null): string {
  if (listen !== '*' && listen !== '0.0.0.0' && listen !== '::') return listen;
  return sourceAddress?.includes(':') === true || (listen === '::' && sourceAddress === null) ? '::1' : '127.0.0.1';
}

export interface WitnessProof {
  readonly line: string;
  /** Told the changed configuration from the restored one: refused by the first, let in by the second. */
  readonly toldApart: boolean;
  readonly letIn: boolean;
}

/** Asks until it is let in, or until `patienceMs`: a connection may have been accepted just before the reload. */
export async function proveWitness(
  witness: Witness,
  before: StartupAnswer | null,
  ask: () => Promise<StartupAnswer>,
  patienceMs: () => number,
): Promise<WitnessProof> {
  for (const since = Date.now(); ; await sleep(3)) {
    const answer = await ask();
    const letIn = isLetIn(answer);
    if (!letIn && Date.now() - since < patienceMs()) continue;
    const toldApart = letIn && before !== null && !isLetIn(before);
    const had = before === null ? '' : toldApart ? `, was ${shown(before)}` : '';
    return { line: `pg_hba: witness ${nameOf(witness)} answers ${shown(answer)}${had}`, toldApart, letIn };
  }
}

function nameOf({ user, database, sourceAddress, tls }: Witness): string {
  return `${user}@${database}${sourceAddress === null ? '' : ` from ${sourceAddress}`}${tls ? ' with TLS' : ''}`;
}

function shown({ kind, code }: StartupAnswer): string {
  return code === null ? kind : `${kind} (${code})`;
}
