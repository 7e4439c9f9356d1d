/**
 * What a managed target needs of whoever owns its configuration: Patroni's dynamic configuration, a parameter group. The
 * owner declares a document, members run by it; everything that is common to owners stands beside this file.
 */
import type { Document, Edit, Json, Path } from '../../domain/managed/document.ts';
import type { ConfigChange } from '../../domain/change.ts';
import type { ServerSetting } from '../../domain/plan/context.ts';
import type { Problem } from '../../domain/problem.ts';
import type { SettingRow } from '../postgres/queries.ts';
import type { Session } from '../postgres/session.ts';

/** A server that runs by the document. */
export interface Member {
  readonly name: string;
  /** `leader`: the primary, as the owner has it. */
  readonly role: 'leader' | 'standby';
  readonly host: string;
  readonly port: number;
  /** The owner's own word for how it is. */
  readonly state: string;
  /** It runs, and its owner's hand reaches it: what is declared arrives there, and it can be restarted. */
  readonly reached: boolean;
  /** Settings that wait for its restart; null: none does. Empty: some, and the owner does not say which. */
  readonly waiting: readonly string[] | null;
}

export interface Members {
  /** Sorted by name. */
  readonly members: readonly Member[];
  /** A person has told the owner to keep its hands off. */
  readonly paused: boolean;
}

export interface Owned extends Members {
  /** Prefix of the paths under which it is shown, such as `patroni:shop`; the same for the life of the cluster. */
  readonly scope: string;
  /** Decimal text, as `pg_control_system()` gives it; null: the owner does not know it. */
  readonly systemIdentifier: string | null;
  readonly document: Document;
  /** How long a member may take until it runs by what was written. */
  readonly arrivalMs: number;
}

/** Of a setting: not in the document; there, and the member runs as it says; or runs otherwise. */
export type Declared = 'no' | 'in-force' | 'otherwise';

/** What the owner would make of a change. */
export interface Considered {
  /** What it would refuse, or silently not do. */
  readonly refusals: readonly Problem[];
  /** Shown to people, block nothing. */
  readonly notes: readonly string[];
  /** Settings as the owner spells them, by lower-cased name, null for a reset; as they are given where it does not say. */
  readonly spellings: ReadonlyMap<string, { readonly name: string; readonly value: Json }>;
}

export interface Owner {
  /** As people call it: `Patroni`. */
  readonly title: string;
  /** Where in the document the settings stand, and the lines of pg_hba.conf; null: it holds none. */
  readonly places: { readonly parameters: Path; readonly hba: Path | null };
  /**
   * Settings that the owner passes to the server itself, on whose command line they stand, with what it passes when
   * nothing is declared: their source is the document all the same.
   */
  readonly passed: Readonly<Record<string, string>>;
  /** Settings that are each member's own: left out of snapshots, because another leader has others. */
  readonly memberOwn: ReadonlySet<string>;
  /** Databases that the owner keeps to itself: what is in them is no configuration of anybody else. */
  readonly closedDatabases: ReadonlySet<string>;
  /** No standby is anywhere but among the members, so raising a setting is a matter of their order alone. */
  readonly hasAllStandbys: boolean;
  /** What stands in the way of every write, whatever is written. Throws a TargetError. */
  obstacles(): Promise<readonly Problem[]>;
  /** Everything that PostgreSQL itself would say is asked elsewhere. `settings`: its rows, by lower-cased name. */
  consider(change: ConfigChange, settings: ReadonlyMap<string, ServerSetting>): Promise<Considered>;
  /** Why what would be declared of this setting would have no effect on the member of this row; null: it would. */
  shadow(row: SettingRow, declared: Declared, member: string): Problem | null;
  /** As it is now, never from a cache. Throws a TargetError. */
  read(): Promise<Owned>;
  /** The members alone: cheap, and may be some seconds old. Throws a TargetError. */
  members(): Promise<Members>;
  /** One write, whole or not at all; other keys are left as they are. Answers what is declared then. Throws a TargetError. */
  write(edits: readonly Edit[]): Promise<Document>;
  /** What the member behind this session runs by, as far as that goes without a restart; null: it is not known. */
  taken(session: Session): Promise<Document | null>;
  /** Returns once it runs again. Throws a TargetError. */
  restart(member: Member): Promise<void>;
  /** By what a change could be taken back: whether it answers, and would obey. Never throws. */
  wayBack(): Promise<{ readonly open: boolean; readonly detail: string }>;
  close(): Promise<void>;
}
