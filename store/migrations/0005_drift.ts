/** Drift as it was seen and told, and who made a live configuration the known-good one. */

export const up = `
  -- The last look at each target, the last one that saw no drift, and since when looks fail.
  create table knowngood.drift_looks (
    target text primary key,
    looked_at timestamptz,
    clean_at timestamptz,
    failing_since timestamptz,
    -- When people heard of it; null again once they have heard that it is over.
    failing_told_at timestamptz
  );

  create table knowngood.drifts (
    id bigint generated always as identity primary key,
    target text not null,
    -- The same for the same drift.
    fingerprint text not null,
    known_good_id text not null,
    snapshot_id text not null,
    -- Since when each item drifts: one may have been there before the others came.
    items json not null,
    not_before timestamptz,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    told_at timestamptz,
    tellings integer not null default 0,
    follows_told boolean not null default false,
    -- Keys of notices that may still call people.
    ringing text[] not null default '{}',
    -- Dependents that people were told of: who heard of it hears that it is gone.
    told_of text[] not null default '{}',
    gone_at timestamptz,
    gone_told_at timestamptz,
    -- Another drift took its place: nobody is told that it is gone.
    replaced boolean not null default false
  );
  -- One at a time.
  create unique index drifts_open on knowngood.drifts (target) where gone_at is null;
  create index drifts_newest on knowngood.drifts (target, id desc);

  create table knowngood.acceptances (
    target text not null,
    accept_id text not null,
    snapshot_id text not null references knowngood.snapshots (id),
    requested_by text not null,
    reason text not null,
    approvals json not null,
    accepted_at timestamptz not null default now(),
    primary key (target, accept_id)
  );
`;
