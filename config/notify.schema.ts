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
const filter = {
  events: z.array(event).min(1, 'is empty').optional().describe('only these; default: all'),
  severity: severity
    .optional()
    .describe('the least that goes there; default: `info`, for PagerDuty without `events` `warning`'),
};

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
  routingKey: secretShape.meta({ description: 'of an Events API v2 integration', examples: ['${env:PAGERDUTY_KEY}'] }),
  apiToken: secretShape
    .optional()
    .describe('of the REST API: an incident that is acknowledged there is acknowledged here'),
  events: webAddress.optional().meta({
    description: 'base address; in the EU `https://events.eu.pagerduty.com`',
    default: 'https://events.pagerduty.com',
  }),
  api: webAddress.optional().meta({
    description: 'base address; in the EU `https://api.eu.pagerduty.com`',
    default: 'https://api.pagerduty.com',
  }),
  askEvery: positiveDurationShape
    .optional()
    .meta({ description: 'how often it is asked for acknowledgements', default: '1m' }),
});

const webhookShape = z.strictObject({
  url: endpoint.describe('an address, or a reference to one'),
  headers: headersShape.optional().describe('sent with it; what looks like a secret must be a reference'),
});

const emailShape = z.strictObject({
  to: z
    .union([mailAddress, z.array(mailAddress).min(1, 'is empty')])
    .meta({ description: 'one address, or a list', examples: ['dba@shop.example'] }),
});

export const channelShape = z
  .strictObject({
    slack: secretShape
      .optional()
      .meta({ description: 'where the address of an incoming webhook is', examples: ['${env:SLACK_DBA_TEAM}'] }),
    pagerduty: pagerDutyShape.optional().describe('an integration of PagerDuty'),
    email: emailShape.optional().describe('mail; needs `notifications.smtp`'),
    webhook: z
      .union([secretShape, webhookShape])
      .optional()
      .describe('an address that gets a CloudEvent, or a reference to one'),
    ...filter,
  })
  .refine(
    (channel) => channelKinds.filter((kind) => channel[kind] !== undefined).length === 1,
    `needs exactly one of ${channelKinds.map((kind) => `"${kind}"`).join(', ')}`,
  );

export const teamShape = z.strictObject({
  notify: z.array(channelShape).optional().describe('its channels, in this order; each has exactly one kind'),
});

const tell = z
  .array(nameShape)
  .min(1, 'is empty')
  .meta({ description: 'teams, or `affected`, `dependents`, `everybody`', examples: [['affected', 'database']] });

const smtpShape = z
  .strictObject({
    host: hostShape.describe('the mail server'),
    port: portShape.optional().describe('default: 587 with `starttls`, 465 with `tls`, 25 with `none`'),
    tls: z
      .enum(['starttls', 'tls', 'none'])
      .optional()
      .meta({ description: 'how it is encrypted', default: 'starttls' }),
    user: z.string().min(1, 'is empty').optional().describe('login, with `password`'),
    password: secretShape.optional().describe('where its password is'),
    from: mailAddress.meta({ description: 'the sender', examples: ['knowngood@shop.example'] }),
  })
  .refine(
    ({ user, password }) => (user === undefined) === (password === undefined),
    'needs "user" and "password" together',
  )
  .refine(({ user, tls }) => user === undefined || tls !== 'none', 'would send the password without TLS');

export const notificationsShape = z.strictObject({
  smtp: smtpShape.optional().describe('how mail is sent'),
  allowPrivate: z
    .array(
      z
        .string()
        .refine(
          (text) => networkOrHost(text) !== null,
          'is not an address, a network such as 10.2.0.0/16, or a host name',
        ),
    )
    .optional()
    .meta({
      description: 'addresses, networks and hosts to send to although they are not public',
      examples: [['mail.shop.example', '10.2.0.0/16']],
    }),
  routes: z
    .array(
      z.strictObject({
        ...filter,
        targets: z.array(nameShape).optional().describe('only of these targets; default: of all'),
        tell,
      }),
    )
    .optional()
    .describe('who is told what; all that fit count together (docs/notifications.md)'),
  escalation: z
    .array(
      z.strictObject({
        after: durationShape.optional().meta({ description: 'counted from the event', default: '0s' }),
        tell,
      }),
    )
    .max(10, 'has more than 10 steps')
    .optional()
    .describe('who comes next, until somebody acknowledges what is critical'),
  repeat: positiveDurationShape
    .optional()
    .meta({ description: 'after the last step, again and again', default: '30m' }),
  giveUp: positiveDurationShape
    .optional()
    .meta({ description: 'and for how long; at most 200 times `repeat`', default: '24h' }),
  timeout: positiveDurationShape.optional().meta({ description: 'of one try at one channel', default: '10s' }),
  tries: z.int().min(1).max(20).optional().meta({ description: 'tries before a channel counts as dead', default: 4 }),
});

export type ChannelInput = z.infer<typeof channelShape>;
export type NotificationsInput = z.infer<typeof notificationsShape>;
