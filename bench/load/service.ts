/** The dependent of a real server: a role that logs in by password, over a rule of its own. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { defaultHba } from '../../worker/stack/data-folder.ts';

export const service = 'service';
export const serviceRule = `host all ${service} 127.0.0.0/8 scram-sha-256`;
export const hbaWithService = `${defaultHba}${serviceRule}\n`;

/** Its password. */
export async function createService(cluster: Cluster): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const admin = new pg.Client({ connectionString: cluster.url() });
  await admin.connect();
  try {
    await admin.query(`create role ${service} login password ${pg.escapeLiteral(password)}`);
  } finally {
    await admin.end();
  }
  return password;
}
