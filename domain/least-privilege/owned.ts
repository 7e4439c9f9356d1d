/** What differs where somebody else owns the configuration: it is changed through them, and read through the server. Pure. */
import { type Privilege, grant } from './privilege.ts';

export interface OwnedCluster {
  /** Who owns it: `Patroni`. */
  readonly owner: string;
  /** Who led when it was asked. */
  readonly leader: { readonly name: string; readonly host: string; readonly port: number };
  /** pg_hba.conf or pg_ident.conf is not below the data directory, where the right to the function is enough. */
  readonly filesOutside: boolean;
}

/** The agent is on none of the members' hosts, or on one of them. */
export function readingFiles({ owner, filesOutside }: OwnedCluster): readonly Privilege[] {
  return [
    grant(
      'execute on function pg_read_binary_file(text)',
      `pg_hba.conf, pg_ident.conf and what ${owner} has loaded are read through each member's server. It reads any file of the data directory, and so what tables and password verifiers hold`,
    ),
    ...(filesOutside
      ? [
          grant(
            'pg_read_server_files',
            'pg_hba.conf or pg_ident.conf is outside of the data directory. It reads every file that the server may',
          ),
        ]
      : []),
  ];
}

export function whereToRun({ leader: { name, host, port } }: OwnedCluster): string {
  return `Run it at the leader: member ${name} (${host}:${port}) when this was printed. Standbys refuse it, and replay it.`;
}
