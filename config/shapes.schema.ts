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

export const databaseShape = { connection: connectionShape, password: secretShape.optional() };

export const storeShape = z.strictObject(databaseShape);

/** A shorter one would forget what people still ask about in the morning. */
const keepDuration = durationShape.refine((text) => (parseDuration(text) ?? 0) >= 86_400_000, 'is shorter than 1d');

export const keepingStoreShape = z.strictObject({
  ...databaseShape,
  keep: z
    .union([
      z.literal(false),
      z.strictObject({
        snapshots: z.union([keepDuration, z.literal(false)]).optional(),
        samples: z.union([keepDuration, z.literal(false)]).optional(),
      }),
    ])
    .optional(),
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
        ca: file.optional(),
        cert: file.optional(),
        key: file.optional(),
        serverName: z.string().optional(),
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
  address: hostPort.optional(),
  namespace: z.string().min(1, 'is empty').optional(),
  tls: tlsOf(pemShape).optional(),
  apiKey: secretShape.optional(),
  encryption: z.strictObject({ keys: z.array(secretShape).min(1, 'is empty') }).optional(),
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

export const metricsShape = z.strictObject({ listen: listenShape.optional(), sdk: listenShape.optional() });

export type MetricsInput = z.infer<typeof metricsShape>;
export type TemporalInput = z.infer<typeof temporalShape>;
