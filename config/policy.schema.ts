/** The shape of a policy as it is written: everything optional, for it is laid over the defaults. */
import { z } from 'zod';
import { defaultClasses, settableRules } from '../domain/plan/risk.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { driftShape } from './drift.schema.ts';
import { closedFields } from './never-reopen.schema.ts';

const count = z
  .int({ error: 'expected a whole number' })
  .min(1, 'must be at least 1')
  .max(1000, 'must be at most 1000');

/** Also what one check may set for itself. */
export const checkNumbers = {
  interval: positiveDurationShape.optional().meta({ description: 'between two measurements', default: '10s' }),
  timeout: positiveDurationShape.optional().meta({ description: 'of one measurement', default: '5s' }),
  failures: count.optional().meta({ description: 'so many in a row are unhealthy', default: 3 }),
  errors: count.optional().meta({ description: 'so many errors of the probe in a row are inconclusive', default: 5 }),
  successes: count.optional().meta({ description: 'so many passes are needed to be healthy', default: 3 }),
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
  low: approvals.meta({
    description: 'different people who must approve a change of low risk; default: the sum of its groups, else 0',
    default: 0,
  }),
  high: approvals.meta({ description: 'the same of high risk', default: 0 }),
  groups: z
    .strictObject({
      low: approvalGroup.optional().describe('how many members of which group, at low risk'),
      high: approvalGroup
        .optional()
        .meta({ description: 'the same at high risk', examples: [{ dba: 1, security: 1 }] }),
    })
    .optional()
    .describe('of whom'),
  signed: z
    .enum(['never', 'high', 'always'])
    .optional()
    .meta({ description: 'at which risk only signed approvals count', default: 'never' }),
  expire: positiveDurationShape
    .optional()
    .meta({ description: 'silence for so long ends the change, untouched', default: '24h' }),
});

const riskClass = z.enum(['low', 'high', 'refused']);

const foundWhen: Readonly<Record<(typeof settableRules)[number], string>> = {
  accessLost: 'somebody that was asked about loses access, or a privilege it needs',
  accessUnknown: 'somebody may lose it, or fewer connections are left for everybody but superusers',
  widening: 'more may get in: `trust`, every address, passwords in clear, TLS off, a new superuser',
  access: 'what decides about access, roles or privileges changes',
  restart: 'only a restart brings it',
  notRevertible: "a newer server takes the old one's place, and a revert does not undo that",
  unseen: 'a command or a pipeline: what it does is known only afterwards',
  outsideWindow: 'it is requested outside of `windows`',
  longTransactions: 'it restarts, and a transaction runs for more than 5 min',
  replicaLag: 'it restarts, and a standby is more than 30 s behind',
  uncheckedDependents: 'a dependent of the target has no required check',
};

const risk = z.strictObject(
  Object.fromEntries(
    settableRules.map((rule) => [
      rule,
      riskClass.optional().meta({ description: foundWhen[rule], default: defaultClasses[rule] }),
    ]),
  ) as Record<(typeof settableRules)[number], z.ZodOptional<typeof riskClass>>,
);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as "22:00"');

export const weekDays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const changeWindow = z.strictObject({
  days: z.array(z.enum(weekDays)).optional().describe('days on which it begins; default: every day'),
  from: timeOfDay.meta({ description: 'when it begins', examples: ['22:00'] }),
  to: timeOfDay.meta({ description: 'when it ends; earlier than `from`: on the next day', examples: ['05:00'] }),
  timeZone: z
    .string()
    .refine(isTimeZone, 'is not a time zone such as "Europe/Berlin"')
    .optional()
    .meta({ description: 'by whose clock', default: 'UTC' }),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const policyFields = {
  lease: positiveDurationShape.optional().meta({
    description: 'the agent reverts by itself when it hears nothing from the workflow for this long',
    default: '10m',
  }),
  soak: durationShape
    .optional()
    .meta({ description: 'how long the dependents are watched before a change is kept', default: '10m' }),
  settle: z
    .strictObject({
      restart: durationShape.optional().meta({ description: 'after a restart', default: '60s' }),
      reload: durationShape.optional().meta({ description: 'after a reload', default: '0s' }),
    })
    .optional()
    .describe('how long the dependents are forgiven what a change makes of them for a moment; access denials never'),
  holdTimeout: durationShape
    .optional()
    .meta({ description: 'how long people are asked when the checks cannot tell', default: '5m' }),
  onInconclusive: z
    .enum(['revert', 'keep'])
    .optional()
    .meta({ description: 'and what follows when nobody answers', default: 'revert' }),
  approvals: approvalsShape.optional().describe('who must approve (docs/approvals.md)'),
  fourEyes: z.boolean().optional().meta({ description: 'the requester does not approve', default: true }),
  allowEarlyConfirm: z.boolean().optional().meta({ description: '`confirm` may end the soak early', default: false }),
  requireConfirm: z.boolean().optional().meta({
    description: 'keep only after an operator confirms at the end of the soak; silence reverts',
    default: false,
  }),
  revertMayRestart: z.boolean().optional().meta({
    description: 'a revert may restart the server when only that brings the old values back; otherwise it asks',
    default: false,
  }),
  onContactLost: z
    .enum(['revert', 'wait'])
    .optional()
    .describe(
      "when the lease runs out: revert, or wait for the phase's own deadline; default: `wait` where the change restarts the server, else `revert`",
    ),
  applyTimeout: positiveDurationShape
    .optional()
    .meta({ description: 'a command or a pipeline must have ended within this time', default: '30m' }),
  quiet: durationShape.optional().meta({
    description: 'after a pipeline that went away: how long nothing may be written before a revert is final',
    default: '5m',
  }),
  allowRedBaseline: z.boolean().optional().meta({
    description: 'go on although a required check is red before the change; it then decides nothing',
    default: false,
  }),
  allowDirty: z
    .boolean()
    .optional()
    .meta({ description: 'go on from a server whose files differ from what runs (docs/baseline.md)', default: false }),
  checks: z.strictObject(checkNumbers).optional().describe('defaults of the checks of its dependents'),
  scoped: z.boolean().optional().meta({
    description: 'take back only what explains a failing check, and everything if that does not help',
    default: false,
  }),
  risk: risk.optional().describe('what each rule of the preflight means here (docs/access.md)'),
  windows: z
    .array(changeWindow)
    .max(20, 'must be at most 20')
    .optional()
    .describe('when changes may begin; default: always'),
  drift: driftShape.optional().describe('how often it is compared with known-good (docs/drift.md); `false`: never'),
  neverReopen: z
    .strictObject({
      ...closedFields,
      approvedBy: nameShape
        .optional()
        .describe('the group of which one has to approve that it is opened again; default: who approves high risk'),
    })
    .optional()
    .describe('what a revert leaves closed until somebody approves that it is opened again (docs/never-reopen.md)'),
};

export const policyShape = z.strictObject(policyFields);

export type PolicyInput = z.infer<typeof policyShape>;
