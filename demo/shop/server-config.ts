/** How the shop's database server was configured before April 12: grown over years, and right. */

/** Written over what initdb made; port and socket folder stand on the server's command line. */
export const postgresqlConf = `# shop-db
# Changes: ask the database team. Last edit 2024-02-03 by mira: work_mem for the category pages.

listen_addresses = '127.0.0.1'
max_connections = 80
shared_buffers = 32MB
work_mem = 8MB                          # category pages sort a lot
maintenance_work_mem = 64MB

password_encryption = 'scram-sha-256'
logging_collector = off
log_connections = on
log_timezone = 'UTC'
timezone = 'UTC'

include_dir = 'conf.d'
`;

export const includedConf = `# conf.d/planner.conf: disks are SSDs since 2023
random_page_cost = 1.1
effective_io_concurrency = 64
`;

/** A line more, which PostgreSQL 17 refuses to start with. */
export const oldLine = "old_snapshot_threshold = '6h'            # long reports, 2021";
export const postgresqlConf16 = postgresqlConf.replace('\ninclude_dir', `\n${oldLine}\n\ninclude_dir`);

/** The image service moved to a network of its own in 2023; its line was added by hand then, and by nobody since. */
export const pgHbaConf = `# TYPE  DATABASE  USER       ADDRESS          METHOD
local   all       all                         scram-sha-256
host    all       postgres   127.0.0.1/32     scram-sha-256

# application servers
host    shop      app_svc    127.0.1.0/24     scram-sha-256

# image storage: own network since 2023-06 (mira)
host    shop      image_svc  127.0.2.0/24     scram-sha-256
`;
