/** A request that was understood: names resolved, policy and checks filled in, secrets still references. */
import type { Asked } from './access/impact.ts';
import type { Approver } from './approvers.ts';
import type { Change, Policy } from './change.ts';
import type { CheckSpec } from './check.ts';
import type { NotifyPlan } from './notify/plan.ts';
import type { RiskReason } from './plan/risk.ts';

export interface AdmittedChange {
  readonly target: string;
  readonly changeId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly changeKind: Change['kind'];
  /** Name of the agent's command for `command`, the description for `external`, else ''. */
  readonly what: string;
  readonly restart: 'allowed' | 'forbidden' | 'unknown';
  readonly policy: Policy;
  readonly checks: readonly CheckSpec[];
  /** Who must still get in. Absent in changes of earlier versions, as are the concerns. */
  readonly access?: readonly Asked[];
  /** What the request and knowngood.yaml alone say about the risk. */
  readonly concerns?: readonly RiskReason[];
  /** Who may approve; absent: anybody. */
  readonly approvers?: readonly Approver[];
  /** Whom to tell what. Absent: nobody is told, as in changes of earlier versions. */
  readonly notify?: NotifyPlan;
  /** Overrides in force, in words, for people: `soak 2m instead of 10m`. */
  readonly notes: readonly string[];
  /** What will keep its checks from telling, in words. Absent: nothing that is known beforehand. */
  readonly warnings?: readonly string[];
}

/** The probe locations that measure this change, each once. */
export function locationsOf({ checks }: AdmittedChange): string[] {
  return [...new Set(checks.map(({ location }) => location))].sort();
}
