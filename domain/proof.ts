/** Whether a check would notice: it must be green with access, and red once its dependent's access is cut. */
import type { CheckSpec, Sample, SqlCheck, TcpCheck } from './check.ts';
import type { RehearsalFinding } from './rehearsal.ts';

export interface CheckToProve {
  readonly check: SqlCheck | TcpCheck;
  /** Roles whose access is cut: those that the dependent is declared to come as. */
  readonly cut: readonly string[];
}

/**
 * `sensitive`: green with access, red without. `insensitive`: stays green, so it cannot be required. `unproven`: it could
 * not be asked here, which speaks neither for nor against it.
 */
export type ProofResult = 'sensitive' | 'insensitive' | 'unproven';

export interface CheckProof {
  readonly check: string;
  readonly kind: CheckSpec['kind'];
  readonly level: CheckSpec['level'];
  readonly result: ProofResult;
  /** What was seen, one plain sentence. */
  readonly why: string;
}

export interface Proofs {
  readonly proofs: readonly CheckProof[];
  /** What kept the scratch server from being made; empty: nothing. */
  readonly findings: readonly RehearsalFinding[];
  readonly tookMs: number;
}

/** Measures one check; `password` is that of its role on the scratch server. */
export type MeasureCheck = (check: SqlCheck | TcpCheck, password: string) => Promise<Sample>;

export function proofOf({ name, kind, level }: CheckSpec, result: ProofResult, why: string): CheckProof {
  return { check: name, kind, level, result, why };
}

export const elsewhereUnproven = 'it asks the dependent itself, which cannot be pointed at a scratch server';

/** Red by a denial, and not by whatever else: only then it was the cut that it saw. */
export function judgeCut(check: CheckSpec, cut: Sample, roles: readonly string[], note: string): CheckProof {
  const whom = roles.join(', ');
  if (cut.mark === 'pass')
    return proofOf(check, 'insensitive', `it stays green while ${whom} is denied: it cannot be required`);
  if (cut.mark === 'fail' && cut.class === 'access')
    return proofOf(check, 'sensitive', `red with ${cut.code ?? 'a denial'} once ${whom} is denied${note}`);
  return proofOf(check, 'unproven', `denied, it says: ${cut.message ?? cut.mark}`);
}
