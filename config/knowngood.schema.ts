/** The shape of knowngood.yaml. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseNeed } from '../domain/access/need.ts';
import { says } from '../domain/issues.schema.ts';
import { labelPattern } from '../domain/rollout/selector.ts';
import { nameShape } from '../domain/shapes.schema.ts';
import { approversShape, groupsShape } from './approvers.schema.ts';
import { checkShape } from './check.schema.ts';
import { notificationsShape, teamShape } from './notify.schema.ts';
import { policyFields, policyShape } from './policy.schema.ts';
import {
  databaseShape,
  keepingStoreShape,
  metricsShape,
  secretShape,
  temporalShape,
  webAddress,
} from './shapes.schema.ts';

const network = z.string().refine((text) => {
  if (text === 'local') return true;
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}, 'is not an address, a network such as 10.2.0.0/16, or "local" for the socket');

const needShape = z.string().superRefine((text, ctx) => {
  const parsed = parseNeed(text);
  if (parsed.kind === 'need') return;
  const { message, hint } = parsed;
  ctx.addIssue({ code: 'custom', message: hint === undefined ? message : says(message, hint) });
});

const accessShape = z.strictObject({
  user: z.string().min(1, 'is empty'),
  database: z.string().min(1, 'is empty'),
  from: network.optional(),
  tls: z.boolean().optional(),
  needs: z.array(needShape).optional(),
});

const dependentShape = z.strictObject({
  uses: nameShape,
  team: nameShape.optional(),
  access: z.array(accessShape).optional(),
  checks: z.record(nameShape, checkShape).optional(),
});

const labelShape = z
  .string()
  .regex(
    labelPattern,
    says('is not a label', 'Letters, digits, ".", "_", "-" and "/", at most 63, a letter or digit at both ends.'),
  );

/** Keys of notices begin with a target, or with one of these. */
const reserved: readonly string[] = ['accept', 'drift', 'drift-looks'];

const targetNameShape = nameShape.refine((name) => !reserved.includes(name), {
  error: says('is not a name for a target', `Knowngood itself uses ${reserved.join(', ')}.`),
});

export const targetShape = z.strictObject({
  ...databaseShape,
  policy: nameShape.optional(),
  /** By which a rollout selects. */
  labels: z.record(labelShape, labelShape).optional(),
  ...policyFields,
});

export const knowngoodShape = z.strictObject({
  defaults: policyShape.optional(),
  targets: z.record(targetNameShape, targetShape),
  dependents: z.record(nameShape, dependentShape).optional(),
  policies: z.record(nameShape, policyShape).optional(),
  approvers: approversShape.optional(),
  groups: groupsShape.optional(),
  teams: z.record(nameShape, teamShape).optional(),
  notifications: notificationsShape.optional(),
  store: keepingStoreShape.optional(),
  temporal: temporalShape.optional(),
  metrics: metricsShape.optional(),
  report: z.strictObject({ signingKey: secretShape.optional() }).optional(),
  ui: z.strictObject({ address: webAddress }).optional(),
});

export type KnowngoodInput = z.infer<typeof knowngoodShape>;
