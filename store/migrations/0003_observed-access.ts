/** Who was seen connecting to a target: asked about before a change, without anybody having declared them. */

export const up = `
  create table knowngood.observed_access (
    target text not null,
    role text not null,
    database text not null,
    -- '' for the socket.
    address text not null,
    tls boolean not null,
    replication boolean not null,
    application_name text not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    connections bigint not null,
    primary key (target, role, database, address, tls, replication)
  );
`;
