/** Runs a script that is meant for psql: by psql itself where this host has one, else as psql would. */
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import type { Cluster } from '../../worker/stack/cluster.ts';

/** As superuser. Throws with what psql says, at the first statement that is refused. */
export async function runScript(cluster: Pick<Cluster, 'url'>, script: string): Promise<void> {
  const args = ['-X', '-q', '-f', '-', cluster.url()];
  const psql = spawnSync('psql', args, { input: script, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } });
  if (psql.error === undefined) {
    if (psql.status !== 0) throw new Error(psql.stderr);
    return;
  }
  for (const { database, sql } of partsOf(script)) {
    const client = new pg.Client(cluster.url('postgres', database));
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}

/** `\connect "shop"` begins a part; all others of psql's own commands here are `\set`. */
function partsOf(script: string): readonly { readonly database: string; readonly sql: string }[] {
  return script
    .replaceAll(/^\\set .*$/gm, '')
    .split(/^\\connect /m)
    .slice(1)
    .map((part) => {
      const [, database = ''] = /^"((?:[^"]|"")*)"/.exec(part) ?? [];
      return { database: database.replaceAll('""', '"'), sql: part.slice(part.indexOf('\n')) };
    });
}
