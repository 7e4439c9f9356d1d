/** The first shape of the store: snapshots and where they were seen, changes, samples, reports. */

// `json`, not `jsonb`, for what must come back as it was written: key order, and the \u0000 that jsonb refuses.
export const up = `
  create table knowngood.snapshots (
    id text primary key,
    version text not null,
    document json not null,
    -- Ciphertext under the agent's key; without that key it is noise.
    sealed bytea not null,
    created_at timestamptz not null default now()
  );

  create table knowngood.sightings (
    target text not null,
    snapshot_id text not null references knowngood.snapshots (id),
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    -- The change during which it was seen last; null: taken by hand.
    change_id text,
    known_good_at timestamptz,
    primary key (target, snapshot_id)
  );
  create index sightings_newest on knowngood.sightings (target, last_seen_at desc);
  create index sightings_known_good on knowngood.sightings (target, known_good_at desc) where known_good_at is not null;

  create table knowngood.changes (
    target text not null,
    change_id text not null,
    workflow_id text not null,
    requested_by text not null,
    reason text not null,
    admitted json,
    started_at timestamptz not null default now(),
    outcome text check (outcome in ('kept', 'reverted', 'rejected', 'aborted', 'abandoned')),
    result json,
    closed_at timestamptz,
    primary key (target, change_id)
  );
  create index changes_newest on knowngood.changes (started_at desc);

  -- No foreign key to changes: samples may be spooled and arrive before or long after their change is known here.
  create table knowngood.samples (
    target text not null,
    change_id text not null,
    check_name text not null,
    at timestamptz not null,
    latency_ms double precision not null,
    mark text not null check (mark in ('pass', 'fail', 'error', 'no-data')),
    class text,
    code text,
    message text,
    forgiven boolean not null default false,
    primary key (target, change_id, check_name, at)
  );

  create table knowngood.reports (
    target text not null,
    change_id text not null,
    id text not null,
    html text not null,
    markdown text not null,
    document json not null,
    written_at timestamptz not null default now(),
    primary key (target, change_id)
  );
`;
