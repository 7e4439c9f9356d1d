/** `node dist/demo/migration/main.js <connection> <password file>`: what a pipeline runs before it deploys. */
import { readFile } from 'node:fs/promises';
import { parse } from 'pg-connection-string';
import { migrate } from './migration.ts';

const [connection, passwordFile] = process.argv.slice(2);
if (connection === undefined || passwordFile === undefined) {
  console.error('usage: migration <connection> <password file>');
  process.exit(2);
}
const { host, port, user, database } = parse(connection);
const password = (await readFile(passwordFile, 'utf8')).trim();
await migrate(
  { host: host ?? '127.0.0.1', port: Number(port), user: user ?? 'postgres', database: database ?? 'shop', password },
  console.log,
);
console.log('migrated');
