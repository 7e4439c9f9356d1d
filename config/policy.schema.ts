/** The shape of a policy as it is written: everything optional, for it is laid over the defaults. */
import { z } from 'zod';
import { durationShape, positiveDurationShape } from '../domain/shapes.schema.ts';

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

export const policyFields = {
  lease: positiveDurationShape.optional(),
  soak: durationShape.optional(),
  settle: z.strictObject({ restart: durationShape.optional(), reload: durationShape.optional() }).optional(),
  holdTimeout: durationShape.optional(),
  onInconclusive: z.enum(['revert', 'keep']).optional(),
  approvals: z.strictObject({ low: approvals, high: approvals, expire: positiveDurationShape.optional() }).optional(),
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
};

export const policyShape = z.strictObject(policyFields);

export type PolicyInput = z.infer<typeof policyShape>;
