/** What someone wants done, as plain JSON from any Temporal client; validated by `change.schema.ts`. */
import type { NeverReopen } from './never-reopen.ts';
import type { RiskClasses } from './plan/risk.ts';

export type SettingValue = string | number | boolean | readonly (string | number)[];

/** `add` without `after`/`before` goes to the end of the file. Rules are compared token by token, not by spacing. */
export type HbaEdit =
  { readonly add: string; readonly after?: string; readonly before?: string } | { readonly remove: string };

/** One statement, run in one database. Names without a schema mean `public`. */
export interface SqlEntry {
  readonly database: string;
  /** Of a kind whose whole effect a snapshot covers; no literal secrets. */
  readonly statement: string;
}

/** Goes back to an earlier snapshot; stands alone in its change. */
export interface RestoreEntry {
  /** Full id. */
  readonly snapshot: string;
  /** Keys of items, `*` standing for anything: `file:/etc/*`, `setting:work_mem`, `object:shop:*`. Default: everything. */
  readonly only?: readonly string[];
  /** Full id of the snapshot right after the change that is taken back: what others have changed since survives. */
  readonly since?: string;
}

export interface ConfigChange {
  readonly kind: 'config';
  /** ALTER SYSTEM; null goes back to unset (ALTER SYSTEM RESET). An array is a list setting, one literal an element. */
  readonly settings?: Readonly<Record<string, SettingValue | null>>;
  readonly hba?: readonly HbaEdit[];
  /** Path (relative to the configuration folder, or absolute within it) → whole new content; null removes the file. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Run in this order, each database's statements in one transaction. Refused unless the agent allows SQL. */
  readonly sql?: readonly SqlEntry[];
  readonly restore?: RestoreEntry;
  /** Whether the apply (and with it the revert) may restart the server. Default `forbidden`. */
  readonly restart?: 'allowed' | 'forbidden';
}

/** A command that the agent's own configuration names; its arguments never travel. */
export interface CommandChange {
  readonly kind: 'command';
  readonly name: string;
}

/** The pipeline does the work itself between `awaitArmed` and `applied`. */
export interface ExternalChange {
  readonly kind: 'external';
  /** Shown to people; never run. Must hold no secrets. */
  readonly description?: string;
}

export type Change = ConfigChange | CommandChange | ExternalChange;

/** The workflow's input. Durations are strings such as `30s`, `10m`. */
export interface ChangeRequest {
  readonly target: string;
  /** `[a-z0-9-]+`; the workflow's id is `knowngood:<target>:<changeId>`. */
  readonly changeId: string;
  readonly reason?: string;
  /** Claim of the requester's name; compared with the approver's for four eyes. */
  readonly requestedBy?: string;
  readonly change: Change;
  /** Each one overrides the target's policy for this change only, and is recorded. */
  readonly overrides?: {
    readonly soak?: string;
    readonly lease?: string;
    readonly applyTimeout?: string;
    /** Go on although a required check is red before the change; such a check then neither triggers nor masks. */
    readonly allowRedBaseline?: boolean;
    /** Go on from a dirty server (pending_restart, files that differ from what runs). */
    readonly allowDirty?: boolean;
    /** Keep only after an operator's `confirm` at the end of the soak. */
    readonly requireConfirm?: boolean;
    /** The change reboots the host: the lease goes on over it instead of being expired by it. */
    readonly expectsReboot?: boolean;
    /** Take back only what explains a failing check, and everything if that does not help. */
    readonly scoped?: boolean;
    /** Go on although somebody loses access: a person has to approve it. */
    readonly allowAccessLoss?: boolean;
  };
}

/** A target's policy with all defaults filled in; every duration in milliseconds. */
export interface Policy {
  readonly leaseMs: number;
  readonly soakMs: number;
  /** Grace for dependents after a restart / after a reload, from the moment the server accepts connections. */
  readonly settleRestartMs: number;
  readonly settleReloadMs: number;
  readonly holdTimeoutMs: number;
  readonly onInconclusive: 'revert' | 'keep';
  /** Approvals needed before arm, by risk. */
  readonly approvals: {
    readonly low: number;
    readonly high: number;
    /** How many of them must be members of which group. */
    readonly groups?: Readonly<Record<'low' | 'high', Readonly<Record<string, number>>>>;
    /** Where only signed ones count; absent: nowhere. */
    readonly signed?: 'high' | 'always';
  };
  readonly approvalExpireMs: number;
  /** The requester's own approval does not count. */
  readonly fourEyes: boolean;
  readonly allowEarlyConfirm: boolean;
  readonly requireConfirm: boolean;
  readonly revertMayRestart: boolean;
  /** null: `revert` for a reload, `wait` for a restart. */
  readonly onContactLost: 'revert' | 'wait' | null;
  readonly applyTimeoutMs: number;
  readonly quietMs: number;
  readonly allowRedBaseline: boolean;
  readonly allowDirty: boolean;
  /** Said by a change for itself only. */
  readonly expectsReboot: boolean;
  /** A failing check first takes back only the items that explain it. */
  readonly scoped: boolean;
  /** The class of each rule by which a plan is judged. */
  readonly risk: RiskClasses;
  /** When changes may begin; empty: always. */
  readonly windows: readonly ChangeWindow[];
  /** What a revert leaves closed. Absent in changes that an earlier version admitted. */
  readonly neverReopen?: NeverReopen & {
    /** The group of which one has to let it be opened again; null: who approves changes of high risk. */
    readonly approvedBy: string | null;
  };
}

export interface ChangeWindow {
  /** 1 is Monday; empty: every day. The day on which it begins. */
  readonly days: readonly number[];
  /** Minutes after midnight; one that ends earlier than it begins goes over midnight. */
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly timeZone: string;
}

export const namePattern = /^[a-z0-9-]+$/;

export function workflowIdOf(target: string, changeId: string): string {
  return `knowngood:${target}:${changeId}`;
}

/** Of the workflow that ends the change when its own was ended from outside. */
export function endingIdOf(target: string, changeId: string): string {
  return `knowngood-end:${target}:${changeId}`;
}

export const orchestratorQueue = 'knowngood';
export const agentQueue = (target: string): string => `knowngood-agent-${target}`;
export const probeQueue = (location: string): string => `knowngood-probe-${location}`;
export const defaultLocation = 'default';
