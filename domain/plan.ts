/** Plans: the exact, ordered effect of a change or a revert. */
import type { AccessImpact } from './access/impact.ts';
import type { Effect, Risk } from './phase.ts';
import type { RiskReason } from './plan/risk.ts';
import type { Sections } from './snapshot.ts';

export type PlanItem = {
  /** `setting:work_mem`, `file:/etc/…/pg_hba.conf`. */
  readonly key: string;
  readonly section: Exclude<keyof Sections, 'server'>;
  readonly action: 'set' | 'reset' | 'write' | 'create' | 'remove' | 'none';
  readonly effect: Effect;
  /** One line for people: `work_mem: 4MB → 64MB`; secrets redacted. */
  readonly summary: string;
};

/** Small enough for workflow history: no bodies, no secrets, items capped by the maker with `moreItems`. */
export interface PlanSummary {
  /** sha256 over the canonical plan (with the digests of every body): what approvals are bound to. */
  readonly hash: string;
  readonly items: readonly PlanItem[];
  readonly moreItems: number;
  readonly effect: Effect;
  readonly risk: Risk;
  /** Unified diff of the files with secrets redacted, at most 8 KiB; '' when none. */
  readonly diff: string;
  /** Shown to people, block nothing. */
  readonly warnings: readonly string[];
  /** Why the risk is what it is, the gravest first. Absent in plans of older agents. */
  readonly reasons?: readonly RiskReason[];
  /** Who loses and gains access; absent where nobody was asked about. */
  readonly access?: AccessImpact;
}

/** A three-way decision for one item of a revert. */
export interface RevertItem extends PlanItem {
  readonly decision:
    'restore' | 'nothing' | 'merge' | 'conflict-restored' | 'conflict-kept' | 'not-revertible' | 'held';
  readonly note?: string;
}
