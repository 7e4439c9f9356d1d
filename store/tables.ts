/** The store's tables as kysely sees them; their making is in `migrations/`. */
import { type ColumnType, type Generated, type RawBuilder, sql } from 'kysely';
import type { Sample } from '../domain/check.ts';
import type { Seen } from '../domain/drift/since.ts';
import type { Outcome } from '../domain/phase.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Approval } from '../domain/view.ts';

/** The tables' own schema, so that the store can share a database. */
export const schemaName = 'knowngood';

export interface Tables {
  snapshots: {
    id: string;
    version: string;
    /** Of releases before 0.2; null in rows that are packed. */
    document: ColumnType<Snapshot | null, string | null, string | null>;
    packed: Buffer | null;
    sealed: Buffer;
    created_at: Generated<Date>;
  };
  sightings: {
    target: string;
    snapshot_id: string;
    first_seen_at: Generated<Date>;
    last_seen_at: Generated<Date>;
    change_id: string | null;
    known_good_at: Date | null;
  };
  changes: {
    target: string;
    change_id: string;
    workflow_id: string;
    requested_by: string;
    reason: string;
    admitted: ColumnType<unknown, string | null, string | null>;
    needs: Generated<string[]>;
    started_at: Generated<Date>;
    outcome: Outcome | null;
    result: ColumnType<ChangeResult | null, string | null, string | null>;
    closed_at: Date | null;
  };
  samples: {
    target: string;
    change_id: string;
    check_name: string;
    at: Date;
    latency_ms: number;
    mark: Sample['mark'];
    class: Sample['class'];
    code: string | null;
    message: string | null;
    forgiven: boolean;
  };
  reports: {
    target: string;
    change_id: string;
    id: string;
    html: string;
    markdown: string;
    document: ColumnType<unknown, string, string>;
    evidence: string | null;
    written_at: Generated<Date>;
  };
  drift_looks: {
    target: string;
    looked_at: Date | null;
    clean_at: Date | null;
    failing_since: Date | null;
    failing_told_at: Date | null;
  };
  drifts: {
    /** A bigint, which comes as text. */
    id: Generated<string>;
    target: string;
    fingerprint: string;
    known_good_id: string;
    snapshot_id: string;
    items: ColumnType<NonNullable<Seen['items']>, string, string>;
    not_before: Date | null;
    first_seen_at: Date;
    last_seen_at: Date;
    told_at: Date | null;
    tellings: Generated<number>;
    follows_told: boolean;
    ringing: Generated<string[]>;
    told_of: Generated<string[]>;
    gone_at: Date | null;
    gone_told_at: Date | null;
    replaced: Generated<boolean>;
  };
  rollouts: {
    id: string;
    workflow_id: string;
    opened_at: Generated<Date>;
    closed_at: Date | null;
    outcome: string | null;
    markdown: string | null;
    html: string | null;
    document: ColumnType<unknown, string | null, string | null>;
  };
  rollout_targets: {
    target: string;
    rollout_id: string;
  };
  acceptances: {
    target: string;
    accept_id: string;
    snapshot_id: string;
    requested_by: string;
    reason: string;
    approvals: ColumnType<readonly Approval[], string, string>;
    accepted_at: Generated<Date>;
  };
  observed: {
    target: string;
    user_name: string;
    database_name: string;
    /** Empty: over the socket. */
    address: string;
    tls: boolean;
    replication: boolean;
    application_name: string;
    first_seen_at: Date;
    last_seen_at: Date;
    /** A bigint, which comes as text. */
    connections: ColumnType<string, number, number>;
  };
}

/** For statements that are written out: they name the schema themselves. */
export function tableOf(name: keyof Tables): RawBuilder<unknown> {
  return sql.table(`${schemaName}.${name}`);
}

/** Without the one character that PostgreSQL's text cannot hold; an error's words may. */
export function textOf(words: string): string {
  return words.replaceAll('\u0000', '');
}
