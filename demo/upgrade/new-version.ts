/** What the upgrade puts in place of the configuration: the new version's defaults, and three ways to get them wrong. */

export const variants = ['healthy', 'outage', 'admin-locked-out', 'wont-start'] as const;
export type Variant = (typeof variants)[number];

export interface NewVersion {
  readonly postgresqlConf: string;
  /** null: the upgrade leaves this file alone. */
  readonly pgHbaConf: string | null;
}

const postgresqlConf = `# PostgreSQL configuration file, as shipped with this release

listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = 32MB
work_mem = 4MB

password_encryption = 'scram-sha-256'
log_connections = on
log_timezone = 'UTC'
timezone = 'UTC'
`;

const shippedHba = `# PostgreSQL client authentication, as shipped with this release
# TYPE  DATABASE  USER       ADDRESS          METHOD
local   all       all                         scram-sha-256
host    all       all        127.0.0.0/23     scram-sha-256
`;

const imageLine = 'host    shop      image_svc  127.0.2.0/24     scram-sha-256\n';

const lockedHba = `# PostgreSQL client authentication, hardened defaults
# TYPE  DATABASE  USER       ADDRESS          METHOD
local   all       all                         reject
host    all       all        all              reject
`;

export const newVersions: Readonly<Record<Variant, NewVersion>> = {
  healthy: { postgresqlConf, pgHbaConf: shippedHba + imageLine },
  // 127.0.0.0/23 covers the administrators and the app servers; the image storage's own network is not in it.
  outage: { postgresqlConf, pgHbaConf: shippedHba },
  'admin-locked-out': { postgresqlConf, pgHbaConf: lockedHba },
  'wont-start': {
    // Was removed in PostgreSQL 17: the old release's template in the new release's package.
    postgresqlConf: `${postgresqlConf}old_snapshot_threshold = -1\n`,
    pgHbaConf: null,
  },
};
