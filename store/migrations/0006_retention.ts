/** What a change needs of what was there before it, so that it is not removed; and a way to find old samples without reading all. */

export const up = `
  -- Ids of snapshots that the change goes back to.
  alter table knowngood.changes add column needs text[] not null default '{}';
  -- They are written in the order of their time.
  create index samples_at on knowngood.samples using brin (at);
`;
