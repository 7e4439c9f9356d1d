/** The shape of a policy as it is written: everything optional, for it is laid over the defaults. */
import { z } from 'zod';
import { settableRules } from '../domain/plan/risk.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { driftShape } from './drift.schema.ts';
import { closedFields } from './never-reopen.schema.ts';

const count = z
  .int({ error: 'expected a whole number' })
  .min(1, 'must be at least 1')
  .max(1000, 'must be at most 1000');

/** Also what one check may set for itself. */
export const checkNumbers = {
  interval: positiveDurationShape.optional(),
  timeout: positiveDurationShape.optional(),
  failures: count.optional(),
  errors: count.optional(),
  successes: count.optional(),
};

const approvals = z
  .int({ error: 'expected a whole number' })
  .min(0, 'must be at least 0')
  .max(10, 'must be at most 10')
  .optional();

const approvalGroup = z.record(
  nameShape,
  z.int({ error: 'expected a whole number' }).min(1, 'must be at least 1').max(10, 'must be at most 10'),
);

const approvalsShape = z.strictObject({
  low: approvals,
  high: approvals,
  groups: z.strictObject({ low: approvalGroup.optional(), high: approvalGroup.optional() }).optional(),
  signed: z.enum(['never', 'high', 'always']).optional(),
  expire: positiveDurationShape.optional(),
});

const riskClass = z.enum(['low', 'high', 'refused']);

const risk = z.strictObject(
  Object.fromEntries(settableRules.map((rule) => [rule, riskClass.optional()])) as Record<
    (typeof settableRules)[number],
    z.ZodOptional<typeof riskClass>
  >,
);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as "22:00"');

export const weekDays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const changeWindow = z.strictObject({
  days: z.array(z.enum(weekDays)).optional(),
  from: timeOfDay,
  to: timeOfDay,
  timeZone: z.string().refine(isTimeZone, 'is not a time zone such as "Europe/Berlin"').optional(),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const policyFields = {
  lease: positiveDurationShape.optional(),
  soak: durationShape.optional(),
  settle: z.strictObject({ restart: durationShape.optional(), reload: durationShape.optional() }).optional(),
  holdTimeout: durationShape.optional(),
  onInconclusive: z.enum(['revert', 'keep']).optional(),
  approvals: approvalsShape.optional(),
  fourEyes: z.boolean().optional(),
  allowEarlyConfirm: z.boolean().optional(),
  requireConfirm: z.boolean().optional(),
  revertMayRestart: z.boolean().optional(),
  onContactLost: z.enum(['revert', 'wait']).optional(),
  applyTimeout: positiveDurationShape.optional(),
  quiet: durationShape.optional(),
  allowRedBaseline: z.boolean().optional(),
  allowDirty: z.boolean().optional(),
  checks: z.strictObject(checkNumbers).optional(),
  scoped: z.boolean().optional(),
  risk: risk.optional(),
  windows: z.array(changeWindow).max(20, 'must be at most 20').optional(),
  drift: driftShape.optional(),
  neverReopen: z.strictObject({ ...closedFields, approvedBy: nameShape.optional() }).optional(),
};

export const policyShape = z.strictObject(policyFields);

export type PolicyInput = z.infer<typeof policyShape>;
