/** Lays defaults, policy and target over each other: the later one wins, field by field. */
import type { ChangeWindow, Policy } from '../domain/change.ts';
import type { Thresholds } from '../domain/check.ts';
import { parseDuration } from '../domain/duration.ts';
import { type RiskClasses, defaultClasses } from '../domain/plan/risk.ts';
import { type PolicyInput, weekDays } from './policy.schema.ts';

export interface CheckDefaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly thresholds: Thresholds;
}

type CheckNumbers = NonNullable<PolicyInput['checks']>;
type Layers = readonly (PolicyInput | undefined)[];

/** `layers` from weakest to strongest. */
export function resolvePolicy(layers: Layers): Policy {
  const last = <T>(pick: (layer: PolicyInput) => T | undefined): T | undefined => lastOf(layers, pick);
  const duration = (pick: (layer: PolicyInput) => string | undefined, byDefault: string): number =>
    durationMs(last(pick) ?? byDefault);
  return {
    leaseMs: duration((p) => p.lease, '10m'),
    soakMs: duration((p) => p.soak, '10m'),
    settleRestartMs: duration((p) => p.settle?.restart, '60s'),
    settleReloadMs: duration((p) => p.settle?.reload, '0s'),
    holdTimeoutMs: duration((p) => p.holdTimeout, '5m'),
    onInconclusive: last((p) => p.onInconclusive) ?? 'revert',
    approvals: approvalsOf(layers),
    approvalExpireMs: duration((p) => p.approvals?.expire, '24h'),
    fourEyes: last((p) => p.fourEyes) ?? true,
    allowEarlyConfirm: last((p) => p.allowEarlyConfirm) ?? false,
    requireConfirm: last((p) => p.requireConfirm) ?? false,
    // A restart cuts every session: without a word from the people who own the server, a revert asks first.
    revertMayRestart: last((p) => p.revertMayRestart) ?? false,
    onContactLost: last((p) => p.onContactLost) ?? null,
    applyTimeoutMs: duration((p) => p.applyTimeout, '30m'),
    quietMs: duration((p) => p.quiet, '5m'),
    allowRedBaseline: last((p) => p.allowRedBaseline) ?? false,
    allowDirty: last((p) => p.allowDirty) ?? false,
    expectsReboot: false,
    scoped: last((p) => p.scoped) ?? false,
    risk: Object.assign({}, defaultClasses, ...layers.map((layer) => defined(layer?.risk))),
    windows: (last((p) => p.windows) ?? []).map(windowOf),
    neverReopen: neverReopen(layers),
  };
}

/** Each layer adds to the lists of those before: who is on one of them stays out. */
function neverReopen(layers: Layers): NonNullable<Policy['neverReopen']> {
  const all = layers.flatMap((layer) => layer?.neverReopen ?? []);
  return {
    roles: [...new Set(all.flatMap(({ roles = [] }) => roles))],
    from: [...new Set(all.flatMap(({ from = [] }) => from))],
    passwordless: lastOf(all, (one) => one.passwordless) ?? true,
    approvedBy: lastOf(all, (one) => one.approvedBy) ?? null,
  };
}

function approvalsOf(layers: Layers): Policy['approvals'] {
  const last = <T>(pick: (approvals: NonNullable<PolicyInput['approvals']>) => T | undefined): T | undefined =>
    lastOf(layers, ({ approvals }) => (approvals === undefined ? undefined : pick(approvals)));
  const signed = last((a) => a.signed) ?? 'never';
  const groups = { low: last((a) => a.groups?.low) ?? {}, high: last((a) => a.groups?.high) ?? {} };
  const needed = (risk: 'low' | 'high'): number => {
    const quotas = Object.values(groups[risk]);
    // Without a number of its own nobody fills two seats; and fewer than one group wants are never enough.
    return Math.max(last((a) => a[risk]) ?? quotas.reduce((sum, quota) => sum + quota, 0), ...quotas);
  };
  const grouped = Object.keys({ ...groups.low, ...groups.high }).length > 0;
  return {
    low: needed('low'),
    high: needed('high'),
    ...(grouped ? { groups } : {}),
    ...(signed === 'never' ? {} : { signed }),
  };
}

export function resolveCheckDefaults(layers: readonly (CheckNumbers | undefined)[]): CheckDefaults {
  const last = <T>(pick: (layer: CheckNumbers) => T | undefined): T | undefined => lastOf(layers, pick);
  return {
    intervalMs: durationMs(last((c) => c.interval) ?? '10s'),
    timeoutMs: durationMs(last((c) => c.timeout) ?? '5s'),
    thresholds: {
      failures: last((c) => c.failures) ?? 3,
      errors: last((c) => c.errors) ?? 5,
      successes: last((c) => c.successes) ?? 3,
    },
  };
}

function defined(classes: PolicyInput['risk'] = {}): Partial<RiskClasses> {
  return Object.fromEntries(Object.entries(classes).filter(([, risk]) => risk !== undefined));
}

function windowOf({
  days = [],
  from,
  to,
  timeZone = 'UTC',
}: NonNullable<PolicyInput['windows']>[number]): ChangeWindow {
  const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  return { days: days.map((day) => weekDays.indexOf(day) + 1), from: minutes(from), to: minutes(to), timeZone };
}

/** Of text that a schema has let through. */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new Error(`not a duration: ${text}`);
  return ms;
}

function lastOf<L, T>(layers: readonly (L | undefined)[], pick: (layer: L) => T | undefined): T | undefined {
  return layers.reduce<T | undefined>(
    (found, layer) => (layer === undefined ? found : (pick(layer) ?? found)),
    undefined,
  );
}
