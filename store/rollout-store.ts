/** What the store remembers of rollouts. */

export interface RolloutRow {
  readonly id: string;
  readonly workflowId: string;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly outcome: string | null;
}

export interface StoredRolloutReport {
  readonly markdown: string;
  readonly html: string;
  readonly json: unknown;
}

export interface RolloutStore {
  /**
   * Takes all of the targets, or none: then it answers with the rollouts that hold some. Idempotent by id while it is open;
   * `closed`: that id has ended.
   */
  openRollout(
    id: string,
    workflowId: string,
    targets: readonly string[],
  ): Promise<
    | { readonly kind: 'opened' }
    | { readonly kind: 'closed' }
    | { readonly kind: 'held'; readonly by: readonly { readonly target: string; readonly rolloutId: string }[] }
  >;
  /** Lets its targets go; with its report, when there is one. */
  closeRollout(id: string, outcome: string, report: StoredRolloutReport | null): Promise<void>;
  /** Newest first. */
  rollouts(limit: number): Promise<readonly RolloutRow[]>;
  rollout(id: string): Promise<RolloutRow | null>;
  rolloutReport(id: string): Promise<StoredRolloutReport | null>;
}
