/** Fills a check in: what it does not say comes from its target's connection and the defaults. */
import type { CheckSpec, ComparisonRule } from '../domain/check.ts';
import { defaultLocation } from '../domain/change.ts';
import type { CheckInput } from './check.schema.ts';
import { tlsFiles } from './common.ts';
import { parseConnection } from './connection.ts';
import { durationMs } from './policy.ts';
import type { CheckDefaults } from './policy.ts';

export interface CheckOwner {
  readonly dependent: string;
  readonly team: string | null;
  /** Users that the dependent declares to come with TLS. */
  readonly tlsUsers: readonly string[];
  /** The target's connection address. */
  readonly connection: string;
}

/** `numbers`: the defaults with the check's own ones laid over. */
export function resolveCheck(name: string, check: CheckInput, owner: CheckOwner, numbers: CheckDefaults): CheckSpec {
  const common = {
    name: `${owner.dependent}/${name}`,
    dependent: owner.dependent,
    team: owner.team,
    ...consequence(check),
    ...numbers,
    location: check.location ?? defaultLocation,
    ...latency(check.latency),
  };
  if (check.http !== undefined) return { ...common, kind: 'http', ...http(check.http) };
  if (check.grpc !== undefined) return { ...common, kind: 'grpc', ...grpc(check.grpc) };
  if (check.prometheus !== undefined) return { ...common, kind: 'prometheus', ...prometheus(check.prometheus) };
  if (check.command !== undefined) return { ...common, kind: 'command', command: check.command.name };
  const target = parseConnection(owner.connection);
  if (check.sql !== undefined) {
    const { sql } = check;
    // Who is admitted with TLS only would be refused without: the check must ask the way the service does.
    const usual = target.sslmode ?? 'disable';
    return {
      ...common,
      kind: 'sql',
      host: sql.host ?? target.host,
      port: sql.port ?? target.port,
      database: sql.database ?? target.database,
      user: sql.as,
      password: sql.password ?? null,
      query: sql.query ?? 'select 1',
      sslmode: sql.sslmode ?? (usual === 'disable' && owner.tlsUsers.includes(sql.as) ? 'require' : usual),
      sslrootcert: sql.sslrootcert ?? target.sslrootcert,
      sourceAddress: sql.source ?? null,
    };
  }
  return { ...common, kind: 'tcp', host: check.tcp?.host ?? target.host, port: check.tcp?.port ?? target.port };
}

/** A check that is tried out keeps what it would bring, and brings nothing. */
function consequence({ level, onFail, shadow }: CheckInput): Pick<CheckSpec, 'level' | 'onFail' | 'shadow'> {
  const decides = level !== 'advisory' && onFail !== 'notify' && shadow !== true;
  return {
    level: decides ? 'required' : 'advisory',
    ...(onFail === undefined || onFail === 'revert' ? {} : { onFail }),
    ...(shadow === true ? { shadow } : {}),
  };
}

/** What people take for slow: a login of 2 ms may take 20 more, a page of 200 ms may not take 400. */
function latency(input: CheckInput['latency']): { readonly latency?: ComparisonRule } {
  if (input === undefined || input === false) return {};
  const { factor, plus, samples, for: lasting }: Exclude<typeof input, boolean> = input === true ? {} : input;
  const rule = { factor: factor ?? 2, plus: durationMs(plus ?? '20ms'), samples: samples ?? 30 };
  return { latency: { worse: 'higher', ...rule, forMs: durationMs(lasting ?? '1m') } };
}

function http(input: NonNullable<CheckInput['http']>) {
  return {
    url: input.url,
    method: input.method ?? ('GET' as const),
    status: input.status === undefined ? [200] : typeof input.status === 'number' ? [input.status] : input.status,
    contentType: input.contentType ?? null,
    bodyIncludes: input.bodyIncludes ?? null,
    headers: input.headers ?? {},
  };
}

function grpc(input: NonNullable<CheckInput['grpc']>) {
  const { hostname, port } = new URL(`grpc://${input.address}`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    service: input.service ?? '',
    tls: tlsFiles(input.tls),
    metadata: input.metadata ?? {},
  };
}

function prometheus({ url, query, headers, min, max, baseline }: NonNullable<CheckInput['prometheus']>) {
  return {
    url,
    query,
    headers: headers ?? {},
    min: min ?? null,
    max: max ?? null,
    comparison:
      baseline === undefined
        ? null
        : {
            worse: baseline.worse,
            factor: baseline.factor ?? 2,
            plus: baseline.plus ?? 0,
            samples: baseline.samples ?? 20,
            // Longer than for a latency: a rate looks back, so its neighbours repeat each other.
            forMs: durationMs(baseline.for ?? '2m'),
          },
    windowMs: durationMs(baseline?.window ?? '30m'),
  };
}
