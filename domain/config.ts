/** The two configuration files once parsed: every default filled in, durations in ms. Schemas: `config/*.schema.ts`. */
import type { Need } from './access/need.ts';
import type { Approver } from './approvers.ts';
import type { Policy } from './change.ts';
import type { CheckSpec } from './check.ts';
import type { OwnNeverReopen } from './never-reopen.ts';
import type { NotifyConfig } from './notify/config.ts';

export interface TemporalConfig {
  readonly address: string;
  readonly namespace: string;
  /** null: no TLS. Paths of PEM files. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  } | null;
  /** A secret reference or null. */
  readonly apiKey: string | null;
  /** Absent: payloads are in clear. Secret references; the first key encrypts, all of them decrypt. */
  readonly encryption?: { readonly keys: readonly string[] };
}

/** The REST API of a Patroni cluster. */
export interface PatroniConfig {
  /** Origins, such as `https://10.0.0.5:8008`; one that answers will do. */
  readonly endpoints: readonly string[];
  /** null: it asks for no login. */
  readonly username: string | null;
  /** A secret reference or null. */
  readonly password: string | null;
  readonly tls: TemporalConfig['tls'];
}

/** An instance of Amazon RDS for PostgreSQL; credentials come from AWS's own chain. */
export interface RdsConfig {
  readonly instance: string;
  readonly region: string;
  /** An origin; null: that of the region. */
  readonly endpoint: string | null;
  /** Other instances that may have its parameter group too, so that a change reaches them. */
  readonly sharedWith: readonly string[];
}

export interface DatabaseConfig {
  /** `postgresql://user@host:port/db?sslmode=…`, no password in it. */
  readonly connection: string;
  /** A secret reference (`${env:X}`, `${file:/path}`) or null; literal passwords are refused. */
  readonly password: string | null;
}

export interface AccessDeclaration {
  readonly user: string;
  readonly database: string;
  /** Address or CIDR; null: not said. */
  readonly from: string | null;
  readonly tls: boolean;
  /** What it must be allowed to do in the database. */
  readonly needs: readonly Need[];
}

export interface DependentConfig {
  readonly name: string;
  readonly uses: string;
  readonly team: string | null;
  readonly access: readonly AccessDeclaration[];
  readonly checks: readonly CheckSpec[];
}

export interface ApproverConfig extends Approver {
  /** Public keys, each a line as OpenSSH writes it. */
  readonly keys: readonly string[];
}

/** How a target is looked at for drift. */
export interface DriftConfig {
  readonly everyMs: number;
  /** Keys of items that are no drift, `*` standing for any text: `role:v-*`. */
  readonly ignore: readonly string[];
}

/** knowngood.yaml */
/** How long the store keeps what nobody needs any more; null: for ever. */
export interface KeepConfig {
  readonly snapshotsMs: number | null;
  readonly samplesMs: number | null;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Where Prometheus may read figures; null: nowhere. */
export interface MetricsConfig {
  readonly listen: ListenAddress | null;
  /** Those of Temporal's SDK, which serves them itself. */
  readonly sdk: ListenAddress | null;
}

export interface KnowngoodConfig {
  readonly path: string;
  readonly targets: Readonly<
    Record<
      string,
      DatabaseConfig & {
        readonly policyName: string | null;
        readonly policy: Policy;
        /** By which a rollout selects; absent: none. */
        readonly labels?: Readonly<Record<string, string>>;
        /** null: nobody looks for drift but by hand. */
        readonly drift: DriftConfig | null;
      }
    >
  >;
  readonly dependents: readonly DependentConfig[];
  /** Who may approve; absent: anybody. */
  readonly approvers?: readonly ApproverConfig[];
  /** Teams, their channels, and whom to tell what. */
  readonly notify: NotifyConfig;
  readonly store: DatabaseConfig | null;
  readonly keep: KeepConfig;
  readonly temporal: TemporalConfig;
  readonly metrics: MetricsConfig;
  /** A secret reference to the Ed25519 key that reports are signed with; null: the worker's own. */
  readonly signingKey: string | null;
  /** Base address of the Temporal Web UI for links; null: not told. */
  readonly uiAddress: string | null;
}

/** A command that a change may name: only this file says what it runs. */
export interface NamedCommand {
  readonly run: readonly string[];
  readonly timeoutMs: number;
  /** It restarts the server, and a revert of it may. */
  readonly restarts: boolean;
  /** Present: it may put a new server in the old one's place, other version, data directory and identity. */
  readonly upgrade?: {
    /** `configuration`: the old one is carried over to the new server; `undo`: the old server itself is put back. */
    readonly onRevert: 'configuration' | 'undo';
    /** Puts the old server back, until the change is confirmed; run again after a failure. null: there is no such way. */
    readonly undo: { readonly run: readonly string[]; readonly timeoutMs: number } | null;
  };
}

/** How the agent notes who connects to its server. */
export interface ObserveConfig {
  readonly intervalMs: number;
  /** What the server's log says of connections, too. */
  readonly serverLog: boolean;
}

/** agent.yaml */
export interface AgentConfig {
  readonly path: string;
  readonly target: string;
  readonly database: DatabaseConfig;
  /** 0700; holds journal, sealed bodies, the lock. */
  readonly stateDir: string;
  /** 32 random bytes as hex, 0600. */
  readonly keyFile: string;
  /** argv that restarts (or starts, when it is down) the server and returns when done; null: this agent cannot restart. */
  readonly restart: readonly string[] | null;
  /** The target is a Patroni cluster, and its configuration goes through Patroni. Absent: a server on this host. */
  readonly patroni?: PatroniConfig;
  /** The target is an RDS instance, and its configuration goes through its parameter group. */
  readonly rds?: RdsConfig;
  readonly commands: Readonly<Record<string, NamedCommand>>;
  readonly allow: { readonly settings: readonly string[]; readonly paths: readonly string[]; readonly sql: boolean };
  /** What a revert leaves closed, whatever the orchestrator says. */
  readonly neverReopen: OwnNeverReopen;
  /** Standbys of the target, asked what they have before a setting is raised that they must have as well. */
  readonly standbys: readonly DatabaseConfig[];
  /** Whether the agent notes who connects; null: it does not. */
  readonly observe: ObserveConfig | null;
  /** Whether a change is tried on a scratch server of this host first. */
  readonly rehearsal: {
    readonly enabled: boolean;
    readonly timeoutMs: number;
    /** Where the scratch server may live; null: the state folder, or a temporary one where the server runs as another user. */
    readonly folder: string | null;
  };
  /** The store for snapshots; null: only the agent keeps them (then no change can be armed). */
  readonly store: DatabaseConfig | null;
  readonly temporal: TemporalConfig;
  readonly metrics: MetricsConfig;
}
