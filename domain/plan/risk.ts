/**
 * How risky a plan is, and why: what was seen, each under a rule, and the class that the policy gives that rule. The
 * greatest class is the plan's. Pure.
 */
import { type AccessChange, type AccessImpact, isGuarded } from '../access/impact.ts';
import { wayText } from '../access/way-text.ts';
import type { Risk } from '../phase.ts';
import type { PlanSummary } from '../plan.ts';
import type { Problem } from '../problem.ts';

export const riskRules = [
  'lockout',
  'accessLost',
  'accessUnknown',
  'widening',
  'access',
  'restart',
  'notRevertible',
  'unseen',
  'outsideWindow',
  'longTransactions',
  'replicaLag',
  'uncheckedDependents',
] as const;
export type RiskRule = (typeof riskRules)[number];

export type RiskClasses = Readonly<Record<RiskRule, Risk>>;

export interface RiskReason {
  readonly rule: RiskRule;
  /** One plain sentence. */
  readonly text: string;
  /** What the policy says of the rule; absent while it has not been asked. */
  readonly risk?: Risk;
}

export const defaultClasses: RiskClasses = {
  lockout: 'refused',
  accessLost: 'refused',
  accessUnknown: 'high',
  widening: 'high',
  access: 'high',
  restart: 'high',
  notRevertible: 'high',
  unseen: 'high',
  outsideWindow: 'refused',
  longTransactions: 'high',
  replicaLag: 'high',
  uncheckedDependents: 'low',
};

export const restartReason: RiskReason = { rule: 'restart', text: 'it restarts the server: every session is cut' };
export const accessReason: RiskReason = {
  rule: 'access',
  text: 'it changes what decides who gets in, or what may run',
};

export const newServerStays: RiskReason = {
  rule: 'notRevertible',
  text: 'a server that was upgraded stays upgraded: a revert carries the old configuration over to it',
};

export function unseenReason(what: string): RiskReason {
  return { rule: 'unseen', text: `what ${what} changes is known only afterwards` };
}

/** What a policy may set; nobody may switch off that Knowngood itself still gets in. */
export const settableRules = riskRules.filter((rule) => rule !== 'lockout');

const order: readonly Risk[] = ['low', 'high', 'refused'];

export function greatestRisk(reasons: readonly RiskReason[], classes: RiskClasses = defaultClasses): Risk {
  return order[Math.max(0, ...reasons.map(({ rule }) => order.indexOf(classes[rule])))] ?? 'low';
}

/** The plan as the policy sees it; `more`: what only the request and knowngood.yaml tell. Plans of older agents have no reasons. */
export function underPolicy(plan: PlanSummary, classes: RiskClasses, more: readonly RiskReason[]): PlanSummary {
  if (plan.reasons === undefined) return plan;
  // What changes nothing has no risk, whenever it is asked for.
  const isNothing = plan.effect === 'none' && plan.items.every(({ action }) => action === 'none');
  const reasons = isNothing ? [] : [...plan.reasons, ...more];
  return { ...plan, risk: greatestRisk(reasons, classes), reasons: classed(reasons, classes) };
}

/** Known only where all items are shown: what a command does is none, and of many the first ones tell nothing of the rest. */
export function changesNothing({ items, moreItems, reasons = [] }: PlanSummary): boolean {
  if (moreItems > 0 || reasons.some(({ rule }) => rule === 'unseen')) return false;
  return items.every(({ action }) => action === 'none');
}

/** The gravest first. */
export function classed(reasons: readonly RiskReason[], classes: RiskClasses): readonly RiskReason[] {
  return reasons
    .map((reason) => ({ ...reason, risk: classes[reason.rule] }))
    .toSorted((a, b) => order.indexOf(b.risk) - order.indexOf(a.risk));
}

const refusals: Readonly<Partial<Record<RiskRule, Omit<Problem, 'message'>>>> = {
  lockout: { code: 'lockout', hint: 'Leave a rule that lets it in: without it nothing could be put back.' },
  accessLost: {
    code: 'access-lost',
    hint: 'Keep its rule. Where it shall lose access: take it out of knowngood.yaml, or pass --allow-access-loss.',
  },
  outsideWindow: { code: 'outside-window', hint: "Wait for the window, or change the policy's windows." },
};

/** Why a plan of class `refused` is. */
export function refusalsOf({ reasons = [] }: Pick<PlanSummary, 'reasons'>): readonly Problem[] {
  return reasons.filter(({ risk }) => risk === 'refused').map(refusalOf);
}

function refusalOf({ rule, text }: RiskReason): Problem {
  const { code, hint } = refusals[rule] ?? { code: 'risk-refused', hint: `The policy refuses it (risk.${rule}).` };
  return { code, message: text, ...(hint === undefined ? {} : { hint }) };
}

function fewerReason({ before, after }: NonNullable<AccessImpact['fewer']>): RiskReason {
  return { rule: 'accessUnknown', text: `${after} connections for everybody but superusers, ${before} before` };
}

export function reasonsOfAccess({ lost, unknown, widened, fewer }: AccessImpact): readonly RiskReason[] {
  const text = (change: AccessChange): string => {
    const { because } = change;
    return `${principalText(change)}${because.length === 0 ? '' : `: ${because.join('; ')}`}`;
  };
  return [
    ...lost.map((change): RiskReason => {
      const lockedOut = isGuarded(change);
      return { rule: lockedOut ? 'lockout' : 'accessLost', text: `${text(change)} (loses access)` };
    }),
    ...unknown.map((change): RiskReason => ({ rule: 'accessUnknown', text: `${text(change)} (may lose access)` })),
    ...(fewer === undefined ? [] : [fewerReason(fewer)]),
    ...widened.map((one): RiskReason => ({ rule: 'widening', text: one.text })),
  ];
}

/** `image_svc to shop from 10.2.0.7 (image-service)`. */
export function principalText(change: AccessChange): string {
  const { user, database, need, who, source, example } = change;
  const name = who.length > 0 ? who.join(', ') : source;
  return `${need === undefined ? wayText(change, example) : `${user} in ${database}: ${need}`} (${name})`;
}
