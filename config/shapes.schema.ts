/** Zod shapes of the configuration files' common parts: connections, secrets by reference, Temporal. */
import { z } from 'zod';
import { referenceForm, referencePattern } from '../domain/secrets.ts';
import { says } from '../domain/issues.schema.ts';
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

/** A path, or a reference where PEM comes from the environment; the PEM itself may be a key. */
const pemShape = z
  .string()
  .min(1, 'is empty')
  .refine(
    (text) => !text.includes('-----BEGIN'),
    says('holds PEM itself', 'Write the path of the file, or "${env:NAME}".'),
  );

const temporalFields = z.strictObject({
  address: z
    .string()
    .regex(
      /^(\[[0-9A-Fa-f:]+\]|[^\s:/]+):\d{1,5}$/,
      says('is not an address', 'Write host:port, such as "127.0.0.1:7233".'),
    )
    .optional(),
  namespace: z.string().min(1, 'is empty').optional(),
  tls: z
    .union([
      z.boolean(),
      z
        .strictObject({
          ca: pemShape.optional(),
          cert: pemShape.optional(),
          key: pemShape.optional(),
          serverName: z.string().optional(),
        })
        .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), 'needs "cert" and "key" together'),
    ])
    .optional(),
  apiKey: secretShape.optional(),
});

export const temporalShape = temporalFields.refine(
  ({ tls, apiKey }) => apiKey === undefined || tls !== false,
  says('sends "apiKey" without TLS', 'Take "tls: false" out: with a key, TLS is on.'),
);

export type TemporalInput = z.infer<typeof temporalShape>;
