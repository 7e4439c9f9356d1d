/** The shape of a check as it is written: exactly one kind, and numbers that override the defaults. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { referenceAnywhere, referenceForm } from '../domain/secrets.ts';
import { says } from '../domain/issues.schema.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { fewestValues, mostValues } from '../domain/checks/regression.ts';
import { listText } from '../domain/format.ts';
import { sslModes } from './connection.ts';
import { checkNumbers } from './policy.schema.ts';
import { hostPort, secretShape, tlsShape, webAddress } from './shapes.schema.ts';

const statusCode = z.int().min(100).max(599);
export const portShape = z.int({ error: 'expected a port number' }).min(1).max(65535);
export const hostShape = z.string().regex(/^[^\s/@]+$/, 'is not a host name or address');
const address = z.string().refine((text) => isIP(text) !== 0, 'is not an IP address');

const secretHeader = /^(authorization|proxy-authorization|cookie|.*(token|api-?key|secret|password).*)$/i;

export const headersShape = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name'), z.string())
  .superRefine((all, ctx) => {
    for (const [name, value] of Object.entries(all)) {
      if (/[\r\n]/.test(value)) ctx.addIssue({ code: 'custom', path: [name], message: 'is more than one line' });
      const literal = value.replace(referenceAnywhere, '').trim();
      const onlyScheme = /^[A-Za-z][A-Za-z0-9-]*$/.test(literal) && literal !== value.trim();
      if (secretHeader.test(name) && literal !== '' && !onlyScheme) {
        ctx.addIssue({
          code: 'custom',
          path: [name],
          message: says('must be a reference, not a literal secret', referenceForm),
        });
      }
    }
  });

const checkKinds = ['http', 'tcp', 'sql', 'grpc', 'prometheus', 'command'] as const;

const httpShape = z.strictObject({
  url: webAddress,
  method: z.enum(['GET', 'HEAD']).optional(),
  status: z
    .union([statusCode, z.array(statusCode).min(1)], { error: 'expected a status code such as 200, or a list of them' })
    .optional(),
  contentType: z.string().optional(),
  bodyIncludes: z.string().optional(),
  headers: headersShape.optional(),
});

const tcpShape = z.strictObject({ host: hostShape.optional(), port: portShape.optional() });

const sqlShape = z.strictObject({
  as: z.string().min(1, 'is empty'),
  password: secretShape.optional(),
  database: z.string().min(1, 'is empty').optional(),
  query: z.string().min(1, 'is empty').optional(),
  host: z
    .string()
    .regex(/^(\/\S+|[^\s/@]+)$/, 'is not a host or socket folder')
    .optional(),
  port: portShape.optional(),
  sslmode: z.enum(sslModes).optional(),
  sslrootcert: z.string().optional(),
  source: address.optional(),
});

const grpcShape = z.strictObject({
  address: hostPort,
  service: z.string().optional(),
  tls: tlsShape.optional(),
  metadata: headersShape.optional(),
});

/** What every comparison with the time before the change may say. */
const comparison = {
  factor: z
    .number({ error: 'expected a number' })
    .min(1, 'must be at least 1')
    .max(1_000, 'must be at most 1000')
    .optional(),
  samples: z
    .int({ error: 'expected a whole number' })
    .min(fewestValues, `must be at least ${fewestValues}: with fewer no rank test could tell`)
    .max(mostValues, `must be at most ${mostValues}`)
    .optional(),
  for: durationShape.optional(),
};

const latencyShape = z.union([z.boolean(), z.strictObject({ ...comparison, plus: durationShape.optional() })]);

const prometheusShape = z
  .strictObject({
    url: webAddress,
    query: z.string().min(1, 'is empty').max(10_000, 'is longer than 10000 characters'),
    headers: headersShape.optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    baseline: z
      .strictObject({
        worse: z.enum(['higher', 'lower']),
        ...comparison,
        plus: z.number().min(0, 'must not be negative').optional(),
        window: positiveDurationShape.optional(),
      })
      .refine(
        ({ worse, plus }) => worse === 'lower' || plus !== undefined,
        says(
          'needs "plus"',
          'Of nothing, or of next to nothing, a multiple is soon reached: say the least difference that matters.',
        ),
      )
      .optional(),
  })
  .refine(
    ({ min, max, baseline }) => min !== undefined || max !== undefined || baseline !== undefined,
    'needs "min", "max" or "baseline"',
  );

/** Only a name: what it runs is the probe's own to say. */
const commandShape = z.strictObject({ name: nameShape });

export const checkShape = z
  .strictObject({
    http: httpShape.optional(),
    tcp: tcpShape.optional(),
    sql: sqlShape.optional(),
    grpc: grpcShape.optional(),
    prometheus: prometheusShape.optional(),
    command: commandShape.optional(),
    level: z.enum(['required', 'advisory']).optional(),
    onFail: z.enum(['revert', 'hold', 'notify']).optional(),
    shadow: z.boolean().optional(),
    location: nameShape.optional(),
    latency: latencyShape.optional(),
    ...checkNumbers,
  })
  .superRefine((check, ctx) => {
    const said = checkKinds.filter((kind) => check[kind] !== undefined);
    if (said.length !== 1)
      ctx.addIssue({
        code: 'custom',
        message: `needs exactly one of ${listText(checkKinds.map((kind) => `"${kind}"`))}`,
      });
    const contradiction = contradicts(check);
    if (contradiction !== null) ctx.addIssue({ code: 'custom', path: ['level'], message: contradiction });
    if (check.prometheus !== undefined && check.latency !== undefined)
      ctx.addIssue({
        code: 'custom',
        path: ['latency'],
        message: says(
          'would time Prometheus itself',
          'Ask it for the latency of the dependent, and compare that: "prometheus.baseline".',
        ),
      });
  });

/** `level` says whether the change needs it, `onFail` what its failure brings; null: they agree. */
function contradicts({
  level,
  onFail,
  shadow,
}: {
  readonly level?: 'required' | 'advisory' | undefined;
  readonly onFail?: 'revert' | 'hold' | 'notify' | undefined;
  readonly shadow?: boolean | undefined;
}): string | null {
  if (level === 'advisory' && (onFail === 'revert' || onFail === 'hold'))
    return says(`is "advisory", which decides nothing, and "onFail" is "${onFail}"`, 'Leave one of them out.');
  if (level === 'required' && onFail === 'notify')
    return says('is "required", and "onFail: notify" decides nothing', 'Leave one of them out.');
  if (level === 'advisory' && shadow === true)
    return says('is "advisory", and a shadow of that would tell nothing', 'Leave "level" out, or "shadow".');
  return null;
}

export type CheckInput = z.infer<typeof checkShape>;
