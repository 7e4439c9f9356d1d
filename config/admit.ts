/** Lets a request in, or says everything that keeps it out. Pure but for its inputs: knowngood.yaml, parsed, and the request. */
import type { Asked } from '../domain/access/impact.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import type { Change, ChangeRequest, Policy } from '../domain/change.ts';
import { workflowIdOf } from '../domain/change.ts';
import { foreseenOf } from '../domain/checks/foreseen.ts';
import type { DependentConfig, KnowngoodConfig } from '../domain/config.ts';
import { formatDuration } from '../domain/duration.ts';
import { suggestion } from '../domain/nearest.ts';
import type { RiskReason } from '../domain/plan/risk.ts';
import type { Problem } from '../domain/problem.ts';
import { parseChangeRequest } from '../domain/request.schema.ts';
import { isInsideWindow, windowText } from './change-window.ts';
import { notifyPlanOf } from './notify.ts';
import { durationMs } from './policy.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly change: AdmittedChange }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** `workflowId` null: none to compare with (a plan). */
export function admit(
  config: KnowngoodConfig,
  input: unknown,
  workflowId: string | null = null,
  now = new Date(),
): Admission {
  const parsed = parseChangeRequest(input);
  if (parsed.kind === 'invalid') return { kind: 'refused', problems: parsed.problems };
  const request = parsed.value;
  const target = config.targets[request.target];
  const problems = [...identityProblems(request, workflowId)];
  if (target === undefined) problems.push(unknownTarget(request.target, Object.keys(config.targets)));
  if (target === undefined || problems.length > 0) return { kind: 'refused', problems };
  const { policy, notes } = withOverrides(target.policy, request.overrides);
  const dependents = config.dependents.filter(({ uses }) => uses === request.target);
  const notify = notifyPlanOf(config, request.target);
  const checks = dependents.flatMap((dependent) => dependent.checks);
  const warnings = foreseenOf(
    checks.filter(({ level }) => level === 'required'),
    policy.soakMs,
  );
  const change: AdmittedChange = {
    target: request.target,
    changeId: request.changeId,
    requestedBy: request.requestedBy ?? 'unknown',
    reason: request.reason ?? '',
    changeKind: request.change.kind,
    what: whatOf(request.change),
    restart: request.change.kind === 'config' ? (request.change.restart ?? 'forbidden') : 'unknown',
    policy,
    checks,
    access: declaredAccess(dependents),
    concerns: concernsOf(dependents, policy, now),
    ...(Math.max(policy.approvals.low, policy.approvals.high) === 0 ? {} : approversOf(config)),
    ...(notify === null ? {} : { notify }),
    notes,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  return { kind: 'admitted', change };
}

/** Without their keys: a signature is checked against the file as it is then. */
export function approversOf({ approvers }: KnowngoodConfig): Pick<AdmittedChange, 'approvers'> {
  if (approvers === undefined) return {};
  return { approvers: approvers.map(({ name, identities, groups, signs }) => ({ name, identities, groups, signs })) };
}

/** Who must still get in: what dependents declare, and what their checks use. */
export function declaredAccess(dependents: readonly DependentConfig[]): readonly Asked[] {
  return dependents.flatMap(({ name, access, checks }): Asked[] => [
    ...access.map(({ user, database, from, tls, needs }): Asked => {
      return { user, database, from, tls, source: 'declared', who: [name], ...(needs.length === 0 ? {} : { needs }) };
    }),
    ...checks.flatMap((check): Asked[] => {
      if (check.kind !== 'sql' || check.sourceAddress === null || check.shadow) return [];
      const { user, database, sourceAddress, sslmode } = check;
      return [{ user, database, from: sourceAddress, tls: sslmode !== 'disable', source: 'check', who: [name] }];
    }),
  ]);
}

function concernsOf(dependents: readonly DependentConfig[], { windows }: Policy, now: Date): readonly RiskReason[] {
  const unchecked = dependents.filter(({ checks }) => !checks.some(({ level }) => level === 'required'));
  return [
    ...unchecked.map(({ name }): RiskReason => {
      return { rule: 'uncheckedDependents', text: `no required check watches dependent ${name}` };
    }),
    ...(isInsideWindow(windows, now)
      ? []
      : [
          {
            rule: 'outsideWindow',
            text: `it is outside of the change window (${windows.map(windowText).join('; ')})`,
          } as const,
        ]),
  ];
}

export function unknownTarget(name: string, known: readonly string[]): Problem {
  const hint = suggestion(name, known);
  return {
    code: 'unknown-target',
    message: `target: unknown target "${name}"`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function identityProblems({ target, changeId }: ChangeRequest, workflowId: string | null): Problem[] {
  const expected = workflowIdOf(target, changeId);
  if (workflowId === null || workflowId === expected) return [];
  return [
    {
      code: 'wrong-workflow-id',
      message: `workflow id "${workflowId}" does not belong to this change`,
      hint: `Start it as "${expected}": that keeps one change from running twice.`,
    },
  ];
}

function whatOf(change: Change): string {
  if (change.kind === 'command') return change.name;
  return change.kind === 'external' ? (change.description ?? '') : '';
}

/** Each note tells people what this change does differently from the policy; what changes nothing is not noted. */
function withOverrides(
  policy: Policy,
  overrides: ChangeRequest['overrides'] = {},
): { policy: Policy; notes: string[] } {
  const notes: string[] = [];
  const duration = (name: string, text: string | undefined, usualMs: number): number => {
    if (text === undefined || durationMs(text) === usualMs) return usualMs;
    notes.push(`${name} ${text} instead of ${formatDuration(usualMs)}`);
    return durationMs(text);
  };
  const flag = (
    note: { readonly on: string; readonly off: string },
    value: boolean | undefined,
    usual: boolean,
  ): boolean => {
    if (value === undefined || value === usual) return usual;
    notes.push(value ? note.on : note.off);
    return value;
  };
  const red = { on: 'goes on from a red baseline', off: 'stops at a red baseline' };
  const dirty = { on: 'goes on from a dirty server', off: 'stops at a dirty server' };
  const confirm = { on: 'kept only after a confirmation', off: 'kept without a confirmation' };
  const loss = { on: 'goes on although somebody loses access', off: 'is refused when somebody loses access' };
  const accessLost = flag(loss, overrides.allowAccessLoss, false) && policy.risk.accessLost === 'refused';
  const part = { on: 'takes back only what explains a failing check', off: 'takes back all of it when a check fails' };
  const reboot = { on: 'the host reboots', off: 'the host does not reboot' };
  const result: Policy = {
    ...policy,
    soakMs: duration('soak', overrides.soak, policy.soakMs),
    leaseMs: duration('lease', overrides.lease, policy.leaseMs),
    applyTimeoutMs: duration('applyTimeout', overrides.applyTimeout, policy.applyTimeoutMs),
    allowRedBaseline: flag(red, overrides.allowRedBaseline, policy.allowRedBaseline),
    allowDirty: flag(dirty, overrides.allowDirty, policy.allowDirty),
    requireConfirm: flag(confirm, overrides.requireConfirm, policy.requireConfirm),
    expectsReboot: flag(reboot, overrides.expectsReboot, policy.expectsReboot),
    scoped: flag(part, overrides.scoped, policy.scoped),
    risk: { ...policy.risk, accessLost: accessLost ? 'high' : policy.risk.accessLost },
  };
  return { policy: result, notes };
}
