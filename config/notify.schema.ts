/** How people are told, as it is written: the channels of a team, and what is common to all of them. */
import { z } from 'zod';
import { says } from '../domain/issues.schema.ts';
import { noticeKinds, severities } from '../domain/notify/notice.ts';
import { networkOrHost } from '../domain/notify/networks.ts';
import { channelKinds } from '../domain/notify/plan.ts';
import { referencePattern } from '../domain/secrets.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { headersShape, hostShape, portShape } from './check.schema.ts';

import { secretShape, webAddress } from './shapes.schema.ts';

const event = z.enum(noticeKinds);
const severity = z.enum(severities);
const filter = { events: z.array(event).min(1, 'is empty').optional(), severity: severity.optional() };

const mailAddress = z
  .string()
  .max(254, 'is longer than 254 characters')
  .regex(/^[^\s@<>(),;:"[\]\\]+@[A-Za-z0-9.-]+$/, says('is not a mail address', 'Write it bare: dba@shop.example.'));

/** A reference, because such an address often is the secret; or a plain one. */
const endpoint = z.string().superRefine((text, ctx) => {
  if (referencePattern.test(text)) return;
  for (const { message } of webAddress.safeParse(text).error?.issues ?? []) ctx.addIssue({ code: 'custom', message });
});

const pagerDutyShape = z.strictObject({
  routingKey: secretShape,
  /** Of the REST API: with it, an incident that is acknowledged there is acknowledged here. */
  apiToken: secretShape.optional(),
  /** `https://events.eu.pagerduty.com` and `https://api.eu.pagerduty.com` for accounts in the EU. */
  events: webAddress.optional(),
  api: webAddress.optional(),
  askEvery: positiveDurationShape.optional(),
});

const webhookShape = z.strictObject({ url: endpoint, headers: headersShape.optional() });

const emailShape = z.strictObject({ to: z.union([mailAddress, z.array(mailAddress).min(1, 'is empty')]) });

export const channelShape = z
  .strictObject({
    slack: secretShape.optional(),
    pagerduty: pagerDutyShape.optional(),
    email: emailShape.optional(),
    webhook: z.union([secretShape, webhookShape]).optional(),
    ...filter,
  })
  .refine(
    (channel) => channelKinds.filter((kind) => channel[kind] !== undefined).length === 1,
    `needs exactly one of ${channelKinds.map((kind) => `"${kind}"`).join(', ')}`,
  );

export const teamShape = z.strictObject({ notify: z.array(channelShape).optional() });

const tell = z.array(nameShape).min(1, 'is empty');

const smtpShape = z
  .strictObject({
    host: hostShape,
    port: portShape.optional(),
    tls: z.enum(['starttls', 'tls', 'none']).optional(),
    user: z.string().min(1, 'is empty').optional(),
    password: secretShape.optional(),
    from: mailAddress,
  })
  .refine(
    ({ user, password }) => (user === undefined) === (password === undefined),
    'needs "user" and "password" together',
  )
  .refine(({ user, tls }) => user === undefined || tls !== 'none', 'would send the password without TLS');

export const notificationsShape = z.strictObject({
  smtp: smtpShape.optional(),
  allowPrivate: z
    .array(
      z
        .string()
        .refine(
          (text) => networkOrHost(text) !== null,
          'is not an address, a network such as 10.2.0.0/16, or a host name',
        ),
    )
    .optional(),
  routes: z.array(z.strictObject({ ...filter, targets: z.array(nameShape).optional(), tell })).optional(),
  escalation: z
    .array(z.strictObject({ after: durationShape.optional(), tell }))
    .max(10, 'has more than 10 steps')
    .optional(),
  repeat: positiveDurationShape.optional(),
  giveUp: positiveDurationShape.optional(),
  timeout: positiveDurationShape.optional(),
  tries: z.int().min(1).max(20).optional(),
});

export type ChannelInput = z.infer<typeof channelShape>;
export type NotificationsInput = z.infer<typeof notificationsShape>;
