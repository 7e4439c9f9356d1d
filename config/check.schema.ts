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
  url: webAddress.meta({
    description: 'what is asked for; no redirect is followed',
    examples: ['https://shop.example/img/1.webp'],
  }),
  method: z.enum(['GET', 'HEAD']).optional().meta({ description: 'the method', default: 'GET' }),
  status: z
    .union([statusCode, z.array(statusCode).min(1)], { error: 'expected a status code such as 200, or a list of them' })
    .optional()
    .meta({ description: 'the status that passes, or a list', default: 200 }),
  contentType: z
    .string()
    .optional()
    .meta({ description: 'the type that passes, `*` standing for any part', examples: ['image/*'] }),
  bodyIncludes: z.string().optional().describe('text that the body must hold'),
  headers: headersShape.optional().describe('sent with the request; what looks like a secret must be a reference'),
});

const tcpShape = z.strictObject({
  host: hostShape.optional().describe("default: the target's"),
  port: portShape.optional().describe("default: the target's"),
});

const sqlShape = z.strictObject({
  as: z
    .string()
    .min(1, 'is empty')
    .meta({ description: 'the role that the service connects as', examples: ['image_svc'] }),
  password: secretShape.optional().describe('where its password is'),
  database: z.string().min(1, 'is empty').optional().describe("default: the target connection's"),
  query: z.string().min(1, 'is empty').optional().meta({ description: 'must succeed', default: 'select 1' }),
  host: z
    .string()
    .regex(/^(\/\S+|[^\s/@]+)$/, 'is not a host or socket folder')
    .optional()
    .describe("host, address or socket folder; default: the target's"),
  port: portShape.optional().describe("default: the target's"),
  sslmode: z
    .enum(sslModes)
    .optional()
    .describe("default: the target's, and `require` for whoever is declared to come with TLS"),
  sslrootcert: z.string().optional().describe("path of the authority's certificate; default: the target's"),
  source: address
    .optional()
    .meta({ description: "an address of the probe's host, from which the service would come", examples: ['10.2.0.7'] }),
});

const grpcShape = z.strictObject({
  address: hostPort.meta({ description: 'host and port', examples: ['images.shop:9090'] }),
  service: z.string().optional().describe('its name; default: the server as a whole'),
  tls: tlsShape
    .optional()
    .meta({ description: "`true`: by the public authorities; or PEM files on the probe's host", default: false }),
  metadata: headersShape.optional().describe('sent with the call; what looks like a secret must be a reference'),
});

/** What every comparison with the time before the change may say. */
const comparison = (usual: { readonly samples: number; readonly for: string }) => ({
  factor: z
    .number({ error: 'expected a number' })
    .min(1, 'must be at least 1')
    .max(1_000, 'must be at most 1000')
    .optional()
    .meta({ description: 'medians must be at least so many times apart', default: 2 }),
  samples: z
    .int({ error: 'expected a whole number' })
    .min(fewestValues, `must be at least ${fewestValues}: with fewer no rank test could tell`)
    .max(mostValues, `must be at most ${mostValues}`)
    .optional()
    .meta({ description: 'values of before, and newest ones, that are compared', default: usual.samples }),
  for: durationShape.optional().meta({ description: 'and it must stay so without a break', default: usual.for }),
});

const latencyShape = z.union([
  z.boolean(),
  z.strictObject({
    ...comparison({ samples: 30, for: '1m' }),
    plus: durationShape.optional().meta({ description: 'and at least so much slower', default: '20ms' }),
  }),
]);

const prometheusShape = z
  .strictObject({
    url: webAddress.meta({
      description: 'of Prometheus, or of whatever speaks its API',
      examples: ['http://prometheus:9090'],
    }),
    query: z
      .string()
      .min(1, 'is empty')
      .max(10_000, 'is longer than 10000 characters')
      .meta({ description: 'an instant query', examples: ['sum(rate(image_errors_total[1m]))'] }),
    headers: headersShape.optional().describe('sent with the request; what looks like a secret must be a reference'),
    min: z.number().optional().describe('a lower number fails'),
    max: z.number().optional().describe('a higher number fails'),
    baseline: z
      .strictObject({
        worse: z.enum(['higher', 'lower']).describe('which way is worse'),
        ...comparison({ samples: 20, for: '2m' }),
        plus: z
          .number()
          .min(0, 'must not be negative')
          .optional()
          .meta({ description: 'and at least so much; needed where higher is worse', default: 0 }),
        window: positiveDurationShape
          .optional()
          .meta({ description: 'how far before the change it looks', default: '30m' }),
      })
      .refine(
        ({ worse, plus }) => worse === 'lower' || plus !== undefined,
        says(
          'needs "plus"',
          'Of nothing, or of next to nothing, a multiple is soon reached: say the least difference that matters.',
        ),
      )
      .optional()
      .describe('compares with the time before the change (docs/checks.md)'),
  })
  .refine(
    ({ min, max, baseline }) => min !== undefined || max !== undefined || baseline !== undefined,
    'needs "min", "max" or "baseline"',
  );

/** Only a name: what it runs is the probe's own to say. */
const commandShape = z.strictObject({
  name: nameShape.meta({ description: 'a command of `probe.yaml`', examples: ['upload-image'] }),
});

export const checkShape = z
  .strictObject({
    http: httpShape.optional().describe('asks over HTTP what the users of the dependent see'),
    tcp: tcpShape.optional().describe('opens a connection'),
    sql: sqlShape.optional().describe('logs in as the dependent does, on a new connection'),
    grpc: grpcShape.optional().describe('asks `grpc.health.v1`'),
    prometheus: prometheusShape.optional().describe('judges a number; needs `min`, `max` or `baseline`'),
    command: commandShape.optional().describe("runs a program of the probe's host"),
    level: z
      .enum(['required', 'advisory'])
      .optional()
      .meta({ description: 'only `required` ones decide', default: 'required' }),
    onFail: z
      .enum(['revert', 'hold', 'notify'])
      .optional()
      .meta({ description: 'what its failure brings; `notify` makes it `advisory`', default: 'revert' }),
    shadow: z
      .boolean()
      .optional()
      .meta({ description: 'only record, with what it would have brought', default: false }),
    location: nameShape
      .optional()
      .meta({ description: 'which probe measures it: `knowngood worker --probe <location>`', default: 'default' }),
    latency: latencyShape
      .optional()
      .meta({ description: 'compare how long its passes take with the time before the change', default: false }),
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
    if (check.prometheus !== undefined && check.latency !== undefined && check.latency !== false)
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
