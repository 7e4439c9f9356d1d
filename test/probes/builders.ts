/** Checks and samples for tests, each bent in one thing. */
import type {
  CheckProgress,
  GrpcCheck,
  CommandCheck,
  HttpCheck,
  PrometheusCheck,
  Sample,
  SampleClass,
  SqlCheck,
  TcpCheck,
} from '../../domain/check.ts';
import { fold, noProgress } from '../../domain/checks/progress.ts';

const common = {
  name: 'image-service/login',
  dependent: 'image-service',
  team: 'application',
  level: 'required',
  intervalMs: 1_000,
  timeoutMs: 2_000,
  thresholds: { failures: 3, errors: 5, successes: 3 },
  location: 'default',
} as const;

export function aSqlCheck(bent: Partial<SqlCheck> = {}): SqlCheck {
  return {
    ...common,
    kind: 'sql',
    host: '127.0.0.1',
    port: 1,
    database: 'postgres',
    user: 'image_svc',
    password: null,
    query: 'select 1',
    sslmode: 'disable',
    sslrootcert: null,
    sourceAddress: null,
    ...bent,
  };
}

export function aHttpCheck(bent: Partial<HttpCheck> = {}): HttpCheck {
  return {
    ...common,
    name: 'image-service/images',
    kind: 'http',
    url: 'http://127.0.0.1:1/',
    method: 'GET',
    status: [200],
    contentType: null,
    bodyIncludes: null,
    headers: {},
    ...bent,
  };
}

export function aTcpCheck(bent: Partial<TcpCheck> = {}): TcpCheck {
  return { ...common, name: 'image-service/port', kind: 'tcp', host: '127.0.0.1', port: 1, ...bent };
}

export function aGrpcCheck(bent: Partial<GrpcCheck> = {}): GrpcCheck {
  return {
    ...common,
    name: 'image-service/health',
    kind: 'grpc',
    host: '127.0.0.1',
    port: 1,
    service: '',
    tls: null,
    metadata: {},
    ...bent,
  };
}

export function aPrometheusCheck(bent: Partial<PrometheusCheck> = {}): PrometheusCheck {
  return {
    ...common,
    name: 'image-service/errors',
    kind: 'prometheus',
    url: 'http://127.0.0.1:1',
    query: 'sum(rate(errors[1m]))',
    headers: {},
    min: null,
    max: null,
    comparison: null,
    windowMs: 1_800_000,
    ...bent,
  };
}

export function aCommandCheck(bent: Partial<CommandCheck> = {}): CommandCheck {
  return { ...common, name: 'image-service/smoke', kind: 'command', command: 'smoke', ...bent };
}

const marks: Readonly<Record<string, Partial<Sample>>> = {
  '.': { mark: 'pass', class: null },
  x: { mark: 'fail', class: 'http', code: '500' },
  a: { mark: 'fail', class: 'access', code: '28000', message: 'no pg_hba.conf entry' },
  p: { mark: 'fail', class: 'privilege', code: '42501' },
  e: { mark: 'error', class: 'probe' },
  n: { mark: 'no-data', class: 'pooled' },
  f: { mark: 'fail', class: 'refused', forgiven: true },
};

export const markLetters = Object.keys(marks);

export const noon = 1_700_000_000_000;

export function aSample(bent: Partial<Sample> = {}): Sample {
  return {
    check: common.name,
    at: noon,
    latencyMs: 3,
    mark: 'pass',
    class: null,
    code: null,
    message: null,
    ...bent,
  };
}

/** One sample a letter, an interval apart: `.` pass, `x` fail, `a` denied, `p` no privilege, `e` error, `n` no data, `f` forgiven; a blank is a beat without one. */
export function samplesFrom(
  letters: string,
  check: string = common.name,
  intervalMs: number = common.intervalMs,
): Sample[] {
  return letters
    .split('')
    .flatMap((letter, index) =>
      letter === ' ' ? [] : [aSample({ check, at: noon + index * intervalMs, ...marks[letter] })],
    );
}

export function progressFrom(letters: string, check: string = common.name): CheckProgress {
  return samplesFrom(letters, check).reduce(fold, noProgress(check));
}

export function aFailure(kind: SampleClass, code: string | null = null): Sample {
  return aSample({ mark: 'fail', class: kind, code });
}
