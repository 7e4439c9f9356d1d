/** Rollouts, which targets each of them holds while it is open, and their reports. */

export const up = `
  create table knowngood.rollouts (
    id text primary key,
    workflow_id text not null,
    opened_at timestamptz not null default now(),
    closed_at timestamptz,
    outcome text,
    markdown text,
    html text,
    document json
  );

  -- One rollout at a time on a target.
  create table knowngood.rollout_targets (
    target text primary key,
    rollout_id text not null references knowngood.rollouts (id)
  );
  create index rollout_targets_rollout on knowngood.rollout_targets (rollout_id);
`;
