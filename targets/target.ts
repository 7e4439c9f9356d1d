/** What the agent needs of a kind of target: `postgres/`, a server on its host; `managed/`, servers that somebody else owns. */
import type { AccessAnswer } from '../domain/access/explain.ts';
import type { AccessImpact, Asked } from '../domain/access/impact.ts';
import type { Observation } from '../domain/access/observed.ts';
import type { LogEvidence } from '../domain/report/server-log.ts';
import type { ConfigChange, RestoreEntry } from '../domain/change.ts';
import type { NamedSettings } from '../domain/conf/named-files.ts';
import type { LiveFacts } from '../domain/drift/force.ts';
import type { NeverReopen } from '../domain/never-reopen.ts';
import type { Effect } from '../domain/phase.ts';
import type { PlanSummary, RevertItem } from '../domain/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { CheckToProve, MeasureCheck, Proofs } from '../domain/proof.ts';
import type { Rehearsal, RehearsedPrincipal } from '../domain/rehearsal.ts';
import type { Document, Edit } from '../domain/managed/document.ts';
import type { FileEntry, Snapshot } from '../domain/snapshot.ts';
import type { WayBack } from '../domain/ways-back.ts';

/** A file as it is on disk, bytes and all; lives on the agent only, sealed at rest. */
export interface FileBody {
  readonly path: string;
  readonly role: FileEntry['role'];
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A snapshot with the secrets that a revert needs. `snapshot` is null when SQL did not answer (files only). */
export interface Captured {
  readonly snapshot: Snapshot | null;
  readonly files: readonly FileBody[];
  /** Folders that include_dir names, so that a file added there is noticed. */
  readonly includeDirs: readonly string[];
  /** Facts a revert needs without SQL. */
  readonly facts: {
    readonly dataDirectory: string;
    readonly systemIdentifier: string;
    readonly versionNum: number;
    /** From pg_settings: name → context, so that effects are known when the server is down. */
    readonly contexts: Readonly<Record<string, string>>;
    /** Where the server looks, so that its files are found while SQL does not answer. */
    readonly paths: { readonly config: string; readonly hba: string; readonly ident: string };
    /** Settings that name further files (TLS, keytab), as far as they are not the built-in ones. */
    readonly named?: NamedSettings;
    /** Grows with each promotion: another one at a revert means another history. Absent in captures of older releases. */
    readonly timeline?: number;
    /**
     * Folders whose whole content was listed (the configuration's own, include folders), and every file seen there, read
     * by PostgreSQL or not (a subfolder ends in a slash): a file that was there before but unread must never be taken for one that the change added.
     */
    readonly listed: { readonly folders: readonly string[]; readonly files: readonly string[] };
  };
  /**
   * Password verifiers and secret settings of roles, by the fingerprint that stands for them in the snapshot. Sealed with
   * the rest, never shown. Absent in captures of older releases.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Why this is not known-good (differs from what runs, pending_restart, would not start): empty when clean. */
  readonly dirty: readonly Problem[];
  /** Of a managed target; its `files` are views of it, under paths that begin with its scope. Secrets stand in it openly. */
  readonly managed?: ManagedState;
  /** Not what was captured, but that as the server of a declared upgrade takes it: see `carryOver`. */
  readonly carried?: CarriedOver;
}

/** What the owner of a managed target declares, and what runs by it. */
export interface ManagedState {
  readonly document: Document;
  /** Of the primary: what SQL is asked of. */
  readonly leader: {
    readonly name: string;
    /** On its host. */
    readonly dataDirectory: string;
    /** Unix ms. */
    readonly startedAt: number;
  };
  /** Each that could be asked, by name. */
  readonly members: Readonly<Record<string, MemberState>>;
}

export interface MemberState {
  /** Name → value, fingerprints for secrets. */
  readonly settings: Readonly<Record<string, string>>;
  /** The rules of pg_hba.conf as that member has them on disk; null: they are not read. */
  readonly hba: string | null;
}

/** What tells a server, and its history, from any other. */
export type ServerIdentity = Pick<Captured['facts'], 'dataDirectory' | 'systemIdentifier' | 'timeline'>;

/** What became of a configuration on its way to a new server. */
export interface CarriedOver {
  /** Versions, such as `16.14` and `17.10`. */
  readonly from: string;
  readonly to: string;
  /** What is not as it was: lines left out, renamed, moved, and defaults that are others now. */
  readonly items: readonly RevertItem[];
  /** Made when they are not there, with mode and owner of the old one. */
  readonly folders: readonly { readonly path: string; readonly like: string }[];
}

/** A planned `config` change: summary for people, and exactly what `apply` will write. */
export interface PlannedChange {
  readonly summary: PlanSummary;
  /** The one server that it may be applied to. */
  readonly server: ServerIdentity;
  /** Ordered steps; plain JSON (bytes as base64), kept sealed by the agent. */
  readonly steps: readonly ChangeStep[];
}

export type ChangeStep =
  | {
      readonly do: 'write-file';
      readonly path: string;
      readonly base64: string;
      readonly expectDigest: string | null;
      /** Absent: as the file has them; a new one as the main file. */
      readonly owned?: { readonly mode: number; readonly uid: number; readonly gid: number };
    }
  | { readonly do: 'remove-file'; readonly path: string; readonly expectDigest: string }
  | { readonly do: 'alter-system'; readonly name: string; readonly literals: readonly string[] | null }
  | {
      /** One transaction. */
      readonly do: 'sql';
      readonly database: string;
      readonly statements: readonly string[];
      /** Written by a restore: every name is qualified, and passwords may stand in it as they are stored. */
      readonly restoring?: true;
    }
  /** To the owner of a managed target, in one write. */
  | { readonly do: 'declare'; readonly edits: readonly Edit[] }
  | { readonly do: 'reload' }
  | { readonly do: 'restart' };

/** What remote changes may touch; from agent.yaml only. */
export interface Allowance {
  /** Dangerous settings (commands, libraries) that are allowed by name all the same. */
  readonly settings: readonly string[];
  /** Further folders in which `files` may write, beside the configuration's own. */
  readonly paths: readonly string[];
  /** Whether a change may hold SQL. */
  readonly sql: boolean;
}

export interface Activated {
  /** Unix ms when a new connection was accepted (or answered by HBA) after the write. */
  readonly acceptingAt: number;
  readonly restarted: boolean;
}

/** What a revert did and saw. `remaining` empty: proven complete. */
export interface RevertReport {
  readonly items: readonly RevertItem[];
  readonly conflicts: readonly string[];
  readonly remaining: readonly Problem[];
  /** What stays closed, on purpose, that was open before the change. */
  readonly held: readonly Problem[];
  /** How it was proven, a line each, for example `pg_hba: witness image_svc@shop from 127.0.2.1 answers sasl as before`. */
  readonly proof: readonly string[];
  readonly acceptingAt: number | null;
  readonly restarted: boolean;
  /** The fresh snapshot after the revert; null while SQL does not answer. */
  readonly after: Captured | null;
}

/** What a revert would do now. */
export interface RevertPreview {
  readonly items: readonly RevertItem[];
  readonly effect: Effect;
  /** As a DBA would write it: unified diffs of files, then SQL; secrets replaced. */
  readonly diff: string;
  /** What it would leave closed, on purpose. */
  readonly held: readonly Problem[];
}

/** A connection that a dependent makes, used as HBA witness: old and new file must be told apart on a new connection. */
export interface Witness {
  readonly user: string;
  readonly database: string;
  /** Source address on this host, null: any. */
  readonly sourceAddress: string | null;
  readonly tls: boolean;
}

export interface RehearsalLimits {
  /** A folder of the agent's own, where a record is kept until everything is removed again. */
  readonly records: string;
  /** Where the scratch server may live; null: the agent chooses. */
  readonly folder: string | null;
  readonly timeoutMs: number;
}

export interface RehearseInput extends RehearsalLimits {
  readonly before: Captured;
  /** null: nobody knows what the change will do; then the configuration as it is must start again. */
  readonly plan: Pick<PlannedChange, 'steps'> | null;
  readonly principals: readonly RehearsedPrincipal[];
}

export interface ProveInput extends RehearsalLimits {
  readonly before: Captured;
  readonly checks: readonly CheckToProve[];
  readonly measure: MeasureCheck;
}

/** Open sessions, taken together. */
export interface OpenSessions {
  readonly user: string;
  readonly database: string;
  /** As the server prints it; null: over the socket. */
  readonly address: string | null;
  readonly sessions: number;
}

/** A capture with what tells what of it is in force, and who is connected. */
export interface Looked {
  readonly captured: Captured;
  readonly facts: LiveFacts;
  /** Settings as the files say them, by lower-cased name: what a start would run with. */
  readonly onDisk: Readonly<Record<string, string>>;
  /** Knowngood's own way in, and who replicates. */
  readonly here: readonly Asked[];
  readonly sessions: readonly OpenSessions[];
}

/** By its change id, what an earlier attempt of a revert has written is known again. */
export interface RevertAs {
  readonly changeId: string;
  readonly neverReopen?: NeverReopen;
}

/** Called immediately before each write; throws when this run no longer owns the change. */
export interface RestoreAs {
  readonly allowance: Allowance;
  readonly asked?: readonly Asked[];
  readonly neverReopen?: NeverReopen;
  /** Right after the change that is taken back; null, the default: whatever is otherwise now goes back. */
  readonly change?: Captured | null;
}

export type Fence = () => void | Promise<void>;

export type Say = (line: string) => void;

export interface ObserveOptions {
  /** Read the server's log too. */
  readonly serverLog: boolean;
  /** Where no session is open, one may be opened, now and then. */
  readonly mayConnect: boolean;
}

export interface Target {
  /** Refuses standbys, managed servers, unreachable ones and missing privileges, each with its reason. */
  identify(): Promise<
    | { readonly kind: 'guardable'; readonly version: string }
    | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  >;
  capture(): Promise<Captured>;
  /**
   * The ways by which a revert would reach the server of these facts. Opens the lifeline, or sees that it is alive: it
   * is called before the first write of a change, and again and again until its end. Never writes.
   */
  waysBack(before: Pick<Captured, 'facts' | 'files'>): Promise<readonly WayBack[]>;
  /** The change is over: the lifeline is let go. */
  letGo(): void;
  /** null: both were taken of the same server, a primary of the same history. */
  otherServer(before: Captured, live: Captured): Problem | null;
  /** Pure but for reading `included` facts; never writes. */
  plan(
    before: Captured,
    change: ConfigChange,
    allowance: Allowance,
    /** Who must still get in; the agent's own way, superusers and standbys are asked about by themselves. */
    asked?: readonly Asked[],
  ): Promise<
    | { readonly kind: 'planned'; readonly plan: PlannedChange }
    | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  >;
  /** The way back to `wanted` as a change of its own; never writes. Refused for what another server was. */
  planRestore(
    before: Captured,
    wanted: Captured,
    restore: RestoreEntry & Pick<ConfigChange, 'restart'>,
    as: RestoreAs,
  ): Promise<
    | { readonly kind: 'planned'; readonly plan: PlannedChange }
    | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  >;
  /** Tells of anybody who gets in by the capture, and by which rule; null: it was taken without SQL. */
  explain(captured: Captured): ((asked: Asked) => AccessAnswer) | null;
  /** Who lost and gained access from one capture to the other; null: one was taken without SQL. */
  access(before: Captured, after: Captured, asked: readonly Asked[]): AccessImpact | null;
  /** A capture, and what it takes to say what of it is in force. Throws when SQL does not answer. */
  look(): Promise<Looked>;
  /** As `access`, with all that is on disk loaded. */
  accessOnceLoaded(before: Captured, live: Looked, asked: readonly Asked[]): AccessImpact | null;
  /** Tries it beside the server, never in it. Never throws, and leaves nothing behind. `plan` null: what will be done is unknown. */
  rehearse(input: RehearseInput): Promise<Rehearsal>;
  /** Whether checks go red when access is cut: on a scratch server. Never throws, and leaves nothing behind. */
  prove(input: ProveInput): Promise<Proofs>;
  /** What rehearsals of a process that was killed have left: their servers ended, their folders removed. Answers how many. */
  removeLeftRehearsals(records: string): Promise<number>;
  apply(plan: PlannedChange, fence: Fence, say: Say): Promise<Activated>;
  /** What a revert would do now; never writes. `change` null: unknown, then C := L. */
  planRevert(before: Captured, change: Captured | null, as?: RevertAs): Promise<readonly RevertItem[]>;
  /**
   * S as the server takes it that a declared upgrade has put in the old one's place, other version, data directory and
   * identity; S itself while the old server is there. Never writes.
   */
  carryOver(before: Captured, change: Captured | null): Promise<Captured>;
  /** The same for people, with the texts. */
  previewRevert(before: Captured, change: Captured | null, as: RevertAs): Promise<RevertPreview>;
  /** Idempotent: a revert that was cut off and is run again ends the same. */
  revert(input: {
    readonly changeId: string;
    readonly before: Captured;
    readonly change: Captured | null;
    /** Absent: everything may be opened again. */
    readonly neverReopen?: NeverReopen;
    readonly mayRestart: boolean;
    readonly witnesses: readonly Witness[];
    readonly fence: Fence;
    readonly say: Say;
    /** The files are back as far as they can be: called before the server is told of it, or started. */
    readonly filesBack?: () => void;
  }): Promise<RevertReport>;
  /** Items in which live differs from `expected`, in scope of what differs between `before` and `expected`. */
  drift(expected: Captured, live: Captured): readonly string[];
  /** Who connects: cheap, never in the way of a change. null: nothing could be seen now. Throws why it cannot connect. */
  observe(options: ObserveOptions): Promise<Observation | null>;
  /** What the server's log says of Unix ms to Unix ms. Never throws: why nothing can be read is a sentence of the answer. */
  logLines(time: { readonly since: number; readonly until: number }): Promise<LogEvidence>;
  /** Waits until a new connection gets an answer that is not 57P03 or refused. */
  awaitAccepting(timeoutMs: number): Promise<number | null>;
  close(): Promise<void>;
}
