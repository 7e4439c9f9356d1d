/** What a rollout's workflow asks of the orchestrator. */
import type { Refused } from '../domain/agent-steps.ts';
import type { RestoreEntry } from '../domain/change.ts';
import type { AdmittedRollout, RolloutRequest, RolloutResult } from '../domain/rollout/rollout.ts';
import type { ChildEnd } from '../domain/rollout/state.ts';

export interface RolloutActivities {
  /** Checks everything and plans every target, touching nothing; then takes the targets. Heartbeats. */
  admitRollout(input: {
    request: RolloutRequest;
    workflowId: string;
  }): Promise<{ kind: 'admitted'; rollout: AdmittedRollout } | Refused>;
  /** Waits for the end of a change that is no child of this run any more. Heartbeats; ends with the run. */
  awaitChange(input: { target: string; changeId: string }): Promise<ChildEnd>;
  /** Whether a run of the change is open: a Reset ends one and begins another. */
  isUnderWay(input: { target: string; changeId: string }): Promise<boolean>;
  /** What goes back to where the change began: its own items, as far as they are known. null: where it began is not known. */
  undoOf(input: { target: string; changeId: string }): Promise<RestoreEntry | null>;
  /** Writes the report and lets the targets go; without limit of tries. */
  reportRollout(input: {
    result: RolloutResult;
    requestedBy: string;
    reason: string;
    halt: string | null;
  }): Promise<void>;
}
