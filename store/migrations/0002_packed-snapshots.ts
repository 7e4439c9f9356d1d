/** Snapshots are kept packed: a document of ten thousand tables is a hundredth of its text. Older rows stay readable. */

export const up = `
  alter table knowngood.snapshots
    add column packed bytea,
    alter column document drop not null,
    add constraint snapshots_document check (num_nonnulls(document, packed) = 1);
  -- It is compressed already: the server need not try again.
  alter table knowngood.snapshots alter column packed set storage external, alter column sealed set storage external;
`;
