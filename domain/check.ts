/** How a dependent is measured: check specifications and samples. The rules over them are in `verdict.ts`. */

export interface Thresholds {
  /** Failures in a row that make the check unhealthy. */
  readonly failures: number;
  /** Errors of the probe itself (or `no-data`) in a row that make it inconclusive. */
  readonly errors: number;
  /** Passes needed before it can be called healthy. */
  readonly successes: number;
}

/** When a number counts as worse than before the change: it must be so by all of these. */
export interface ComparisonRule {
  readonly worse: 'higher' | 'lower';
  /** Of the medians: at least so many times as high (or as low). At least 1. */
  readonly factor: number;
  /** Of the medians: at least so much away, ms for a latency. */
  readonly plus: number;
  /** Needed from before the change; as many of the newest are compared with them. At least `fewestValues`. */
  readonly samples: number;
  /** Worse for so long without a break is unhealthy. Absent: at once, as in changes of earlier versions. */
  readonly forMs?: number;
}

interface CheckCommon {
  /** Unique within a target: `<dependent>/<check>`. */
  readonly name: string;
  readonly dependent: string;
  readonly team: string | null;
  /** Only a required one decides anything, and blocks a change when it is red before. */
  readonly level: 'required' | 'advisory';
  /** `hold`: of a required check, people are asked. `notify`: of an advisory one, its team is told. Absent: revert, nothing. */
  readonly onFail?: 'hold' | 'notify';
  /** It is tried out: only recorded, with what it would have brought. Advisory. */
  readonly shadow?: true;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly thresholds: Thresholds;
  /** Which probe measures it: queue `knowngood-probe-<location>`. */
  readonly location: string;
  /** Passes that take longer than before the change tell, too. Absent: any time within the timeout is well. */
  readonly latency?: ComparisonRule;
}

export interface HttpCheck extends CheckCommon {
  readonly kind: 'http';
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  /** Accepted status codes. */
  readonly status: readonly number[];
  /** `image/*` matches by type. */
  readonly contentType: string | null;
  readonly bodyIncludes: string | null;
  /** Values may be secret references. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TcpCheck extends CheckCommon {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

export interface SqlCheck extends CheckCommon {
  readonly kind: 'sql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** A secret reference (`${env:X}`, `${file:/run/secrets/x}`), resolved by the probe only; null: no password. */
  readonly password: string | null;
  readonly query: string;
  readonly sslmode: 'disable' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslrootcert: string | null;
  /** Local address to connect from (the dependent's own), null: the system's choice. */
  readonly sourceAddress: string | null;
}

/** `grpc.health.v1.Health/Check`. */
export interface GrpcCheck extends CheckCommon {
  readonly kind: 'grpc';
  readonly host: string;
  readonly port: number;
  /** '': the server as a whole. */
  readonly service: string;
  /** null: plaintext. Paths of PEM files on the probe's host. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  } | null;
  /** Values may be secret references. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One number of a Prometheus-compatible API, against bounds, the time before the change, or both. */
export interface PrometheusCheck extends CheckCommon {
  readonly kind: 'prometheus';
  readonly url: string;
  readonly query: string;
  /** Values may be secret references. */
  readonly headers: Readonly<Record<string, string>>;
  readonly min: number | null;
  readonly max: number | null;
  /** null: the bounds alone decide. */
  readonly comparison: ComparisonRule | null;
  /** How far before the change the comparison looks. */
  readonly windowMs: number;
}

/** A program of the probe's host. */
export interface CommandCheck extends CheckCommon {
  readonly kind: 'command';
  /** A name in the `commands` of the probe's own probe.yaml: no other file makes it run anything. */
  readonly command: string;
}

export type CheckSpec = HttpCheck | TcpCheck | SqlCheck | GrpcCheck | PrometheusCheck | CommandCheck;

/** What kind of no it was. Denials, `access` (28000, 28P01) and `privilege` (42501), decide fast and count even while settling. */
export type SampleClass =
  | 'access'
  | 'privilege'
  | 'limits'
  | 'missing-database'
  | 'starting-up'
  | 'refused'
  | 'tls'
  | 'timeout'
  | 'http'
  | 'grpc'
  | 'metric'
  | 'command'
  | 'network'
  | 'query'
  | 'pooled'
  | 'probe';

export interface Sample {
  readonly check: string;
  /** Unix time in ms, when the measurement began. */
  readonly at: number;
  readonly latencyMs: number;
  readonly mark: 'pass' | 'fail' | 'error' | 'no-data';
  /** null on a pass. */
  readonly class: SampleClass | null;
  /** SQLSTATE, HTTP status, errno word, exit code or signal, or the number that Prometheus gave; null when there is none. */
  readonly code: string | null;
  /** The error's own words, at most 300 characters, no secrets. */
  readonly message: string | null;
  /** Of a check that only records. */
  readonly shadow?: true;
  /** True while settling and of a class that settling forgives: recorded, not counted. */
  readonly forgiven?: boolean;
}

/** Running counters of one check: all that the verdict needs, small enough for a heartbeat. */
export interface CheckProgress {
  readonly check: string;
  readonly passes: number;
  readonly fails: number;
  readonly errors: number;
  readonly noData: number;
  readonly forgiven: number;
  readonly passesInARow: number;
  readonly failsInARow: number;
  /** error or no-data in a row. */
  readonly errorsInARow: number;
  readonly accessDenialsInARow: number;
  /** Start of the first and the newest measurement, Unix ms; null without one. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** From the end of a measurement to the beginning of the next. */
  readonly longestGapMs: number;
  readonly last: Sample | null;
  /** The first failure of the current row of failures: when the suffering began. */
  readonly failingSince: number | null;
  /** The newest numbers of a check that is compared with the time before the change, at most as many as its rule asks for. */
  readonly values?: readonly number[];
  /** They are worse than before the change: since when without a break (Unix ms), in words. */
  readonly worse?: Finding;
  /** Of a check that never ends a watch: when it would have first. */
  readonly crossed?: Finding;
}

export interface Finding {
  /** Unix ms. */
  readonly at: number;
  /** In words. */
  readonly why: string;
}

/** What a compared check gave before the change. */
export interface Before {
  readonly check: string;
  readonly values: readonly number[];
}

export type Verdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'unhealthy'; readonly check: string; readonly dependent: string; readonly why: string }
  | {
      readonly kind: 'inconclusive';
      readonly check: string;
      readonly why: string;
      /** It was measured, and failed: for this check people decide. */
      readonly failed?: true;
    };

export interface WatchResult {
  /** null: cancelled without a decision, the counters so far. */
  readonly verdict: Verdict | null;
  readonly progress: readonly CheckProgress[];
  /** Unix ms of the decision. */
  readonly decidedAt: number;
}
