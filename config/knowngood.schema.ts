/** The shape of knowngood.yaml. */
import { z } from 'zod';
import { parseNeed } from '../domain/access/need.ts';
import { says } from '../domain/issues.schema.ts';
import { labelPattern } from '../domain/rollout/selector.ts';
import { nameShape } from '../domain/shapes.schema.ts';
import { approversShape, groupsShape } from './approvers.schema.ts';
import { checkShape } from './check.schema.ts';
import { isNetwork } from './network.ts';
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

const network = z
  .string()
  .refine(
    (text) => text === 'local' || isNetwork(text),
    'is not an address, a network such as 10.2.0.0/16, or "local" for the socket',
  );

const needShape = z.string().superRefine((text, ctx) => {
  const parsed = parseNeed(text);
  if (parsed.kind === 'need') return;
  const { message, hint } = parsed;
  ctx.addIssue({ code: 'custom', message: hint === undefined ? message : says(message, hint) });
});

const accessShape = z.strictObject({
  user: z
    .string()
    .min(1, 'is empty')
    .meta({ description: 'the role', examples: ['image_svc'] }),
  database: z
    .string()
    .min(1, 'is empty')
    .meta({ description: 'its database', examples: ['shop'] }),
  from: network.optional().meta({
    description: 'an address, a network, or `local` for the socket; default: anywhere',
    examples: ['10.2.0.0/16'],
  }),
  tls: z.boolean().optional().meta({ description: 'it connects with TLS', default: false }),
  needs: z
    .array(needShape)
    .optional()
    .meta({
      description: 'what it must be allowed to do, in the words of GRANT',
      examples: [['select on public.images']],
    }),
});

const dependentShape = z.strictObject({
  uses: nameShape.meta({ description: 'the target', examples: ['shop-db'] }),
  team: nameShape.optional().describe('who is told when it suffers'),
  access: z.array(accessShape).optional().describe('who must still get in after a change (docs/access.md)'),
  checks: z.record(nameShape, checkShape).optional().describe('how it is measured, by name'),
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
  policy: nameShape.optional().meta({ description: 'one of `policies`', examples: ['production'] }),
  labels: z
    .record(labelShape, labelShape)
    .optional()
    .meta({ description: 'by which a rollout selects', examples: [{ tier: 'production' }] }),
  ...policyFields,
});

export const knowngoodShape = z.strictObject({
  defaults: policyShape
    .optional()
    .describe('holds for every target, unless its policy or the target itself says otherwise'),
  targets: z.record(targetNameShape, targetShape).describe('the PostgreSQL servers, by name'),
  dependents: z.record(nameShape, dependentShape).optional().describe('the services that use them, by name'),
  policies: z.record(nameShape, policyShape).optional().describe('what targets have in common, by name'),
  approvers: approversShape.optional().describe('who may approve, by name; default: anybody (docs/approvals.md)'),
  groups: groupsShape.optional().meta({ description: 'groups of approvers', examples: [{ dba: ['anna', 'kim'] }] }),
  teams: z.record(nameShape, teamShape).optional().describe('who is told, by name (docs/notifications.md)'),
  notifications: notificationsShape.optional().describe('what is common to all channels'),
  store: keepingStoreShape
    .optional()
    .describe('a PostgreSQL database for snapshots, measurements and reports; default: the one of `knowngood up`'),
  temporal: temporalShape.optional().describe('how Temporal is reached (docs/temporal.md)'),
  metrics: metricsShape.optional().describe('where Prometheus reads figures (docs/metrics.md)'),
  report: z
    .strictObject({
      signingKey: secretShape.optional().meta({
        description: "where the Ed25519 key is that signs reports; default: the worker's own",
        examples: ['${file:/run/secrets/report-signing-key}'],
      }),
    })
    .optional()
    .describe('the incident report'),
  ui: z
    .strictObject({
      address: webAddress.meta({ description: 'its base address', examples: ['https://temporal.example'] }),
    })
    .optional()
    .describe('the Temporal Web UI that links lead to'),
});

export type KnowngoodInput = z.infer<typeof knowngoodShape>;
