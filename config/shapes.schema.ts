/** Zod shapes of the configuration files' common parts: connections, secrets by reference, Temporal. */
import { z } from 'zod';
import { referenceForm, referencePattern } from '../domain/secrets.ts';
import { says } from '../domain/issues.schema.ts';
import { parseDuration } from '../domain/duration.ts';
import { durationShape } from '../domain/shapes.schema.ts';
import { listenAddress } from './common.ts';
import { connectionProblem } from './connection.ts';

/** A literal is refused, and never shown: it may be the password itself. */
export const secretShape = z
  .string()
  .regex(referencePattern, says('must be a reference, not a literal secret', referenceForm));

export const connectionShape = z.string().superRefine((text, ctx) => {
  const wrong = connectionProblem(text);
  if (wrong !== null) ctx.addIssue({ code: 'custom', message: wrong });
});

export const databaseShape = {
  connection: connectionShape.meta({
    description: 'where it is and as whom to connect, without a password',
    examples: ['postgresql://knowngood@10.0.0.5:5432/postgres?sslmode=verify-full'],
  }),
  password: secretShape
    .optional()
    .meta({ description: 'where the password is', examples: ['${env:SHOP_DB_PASSWORD}'] }),
};

export const storeShape = z.strictObject(databaseShape);

/** A shorter one would forget what people still ask about in the morning. */
const keepDuration = durationShape.refine((text) => (parseDuration(text) ?? 0) >= 86_400_000, 'is shorter than 1d');

export const keepingStoreShape = z.strictObject({
  ...databaseShape,
  keep: z
    .union([
      z.literal(false),
      z.strictObject({
        snapshots: z
          .union([keepDuration, z.literal(false)])
          .optional()
          .meta({ description: 'snapshots that nobody needs any more; `false`: for ever', default: '90d' }),
        samples: z
          .union([keepDuration, z.literal(false)])
          .optional()
          .meta({ description: 'measurements of changes that have ended; `false`: for ever', default: '90d' }),
      }),
    ])
    .optional()
    .describe('how long it keeps what, at least 1d; `false`: everything for ever (docs/store.md)'),
});

export type KeepInput = z.infer<typeof keepingStoreShape>['keep'];

export const absolutePath = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .refine((path) => !path.includes('\u0000'), 'holds a NUL byte');

export const webAddress = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const say = (message: string): void => ctx.addIssue({ code: 'custom', message });
  if (url === null || !['http:', 'https:'].includes(url.protocol)) say('is not an http(s) address');
  else if (url.username !== '' || url.password !== '')
    say(says('holds a login', 'Send it as a header with a secret reference.'));
  else if (
    [...url.searchParams.keys()].some((key) => /^(password|passwd|token|access_token|api_?key|secret)$/i.test(key))
  ) {
    say(says('holds a secret in its query', 'Send it as a header with a secret reference.'));
  }
});

/** A program and its arguments. */
export const argvShape = z
  .array(z.string().min(1, 'is empty'), {
    error: says('expected a list of words', 'Write [pg_ctlcluster, "17", main, restart]: no shell is involved.'),
  })
  .min(1, 'is empty');

export const hostPort = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:]+\]|[^\s:/]+):\d{1,5}$/, {
    error: says('is not an address', 'Write host:port, such as "127.0.0.1:7233".'),
    abort: true,
  })
  .refine((text) => Number(/\d+$/.exec(text)?.[0]) <= 65_535, 'has no such port');

/** `true`: by the authorities that the process trusts anyway. */
const tlsOf = (file: z.ZodString) =>
  z.union([
    z.boolean(),
    z
      .strictObject({
        ca: file.optional().describe('the authority that the server is checked against; default: the public ones'),
        cert: file.optional().describe('client certificate, with `key`'),
        key: file.optional().describe('its key'),
        serverName: z
          .string()
          .optional()
          .describe("the name that the server's certificate bears; default: the one in the address"),
      })
      .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), 'needs "cert" and "key" together'),
  ]);

export const tlsShape = tlsOf(z.string());

/** A path, or a reference where PEM comes from the environment; the PEM itself may be a key. */
const pemShape = z
  .string()
  .min(1, 'is empty')
  .refine(
    (text) => !text.includes('-----BEGIN'),
    says('holds PEM itself', 'Write the path of the file, or "${env:NAME}".'),
  );

const temporalFields = z.strictObject({
  address: hostPort
    .optional()
    .meta({ description: 'the frontend; `TEMPORAL_ADDRESS` goes before it', default: '127.0.0.1:7233' }),
  namespace: z.string().min(1, 'is empty').optional().meta({ description: 'the namespace', default: 'default' }),
  tls: tlsOf(pemShape)
    .optional()
    .meta({ description: '`true`: by the public authorities; or PEM files, by path or by reference', default: false }),
  apiKey: secretShape.optional().describe('where the API key is; with it TLS is on'),
  encryption: z
    .strictObject({
      keys: z
        .array(secretShape)
        .min(1, 'is empty')
        .describe('where keys are that payloads are encrypted with: the first encrypts, all of them decrypt'),
    })
    .optional()
    .describe('payloads are unreadable in Temporal without the key (docs/encryption.md)'),
});

export const temporalShape = temporalFields.refine(
  ({ tls, apiKey }) => apiKey === undefined || tls !== false,
  says('sends "apiKey" without TLS', 'Take "tls: false" out: with a key, TLS is on.'),
);

const listenShape = z
  .string()
  .refine(
    (text) => listenAddress(text) !== null,
    says('is not an address', 'Write host:port, such as "127.0.0.1:9464".'),
  );

export const metricsShape = z.strictObject({
  listen: listenShape
    .optional()
    .meta({ description: 'host and port of `/metrics`; default: nowhere', examples: ['127.0.0.1:9464'] }),
  sdk: listenShape.optional().meta({
    description: "host and port of the figures of Temporal's SDK; default: nowhere",
    examples: ['127.0.0.1:9466'],
  }),
});

export type MetricsInput = z.infer<typeof metricsShape>;
export type TemporalInput = z.infer<typeof temporalShape>;
