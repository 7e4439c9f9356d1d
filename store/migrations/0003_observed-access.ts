/** Who was seen to connect to a target: one row for each principal. */

export const up = `
  create table knowngood.observed (
    target text not null,
    user_name text not null,
    -- The word "replication" for a physical replication connection.
    database_name text not null,
    -- As the server prints it; empty: over the socket.
    address text not null,
    tls boolean not null,
    replication boolean not null,
    application_name text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    connections bigint not null,
    primary key (target, user_name, database_name, address, tls, replication)
  );
  create index observed_newest on knowngood.observed (target, last_seen_at desc);
`;
