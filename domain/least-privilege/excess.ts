/** What the agent's role could do, and never needs to. Pure. */
export interface Excess {
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  /** Of `unneededRoles`. */
  readonly roles: readonly string[];
  /** Settings that it may set for the whole server, although the agent refuses to. */
  readonly settings: readonly string[];
}

/** Power over the host, over every row, or over other sessions: the agent uses none of them, but where files of a cluster are elsewhere. */
export const unneededRoles: readonly string[] = [
  'pg_checkpoint',
  'pg_create_subscription',
  'pg_execute_server_program',
  'pg_maintain',
  'pg_read_all_data',
  'pg_read_server_files',
  'pg_signal_backend',
  'pg_use_reserved_connections',
  'pg_write_all_data',
  'pg_write_server_files',
];

/** One entry for each thing; none: nothing. */
export function excessInWords({ superuser, replication, bypassRls, roles, settings }: Excess): readonly string[] {
  // Everything else follows from it.
  if (superuser) return ['it is a superuser'];
  return [
    ...(replication ? ['it may replicate, which copies the whole server'] : []),
    ...(bypassRls ? ['it bypasses row security'] : []),
    ...roles.map((name) => `it is in ${name}`),
    ...(settings.length > 0 ? [`it may set ${settings.join(', ')}, which agent.yaml lets no change set`] : []),
  ];
}
