/** The process of a command or a pipeline: makes its change step by step, as people's scripts do. Argument: a JSON file. */
import { chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Of the form `Script` in change-script.ts. */
const script = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'));
setTimeout(() => process.exit(3), script.withinMs);
const { uid, gid } = await stat(script.dataDir);
for (const step of script.steps) {
  await sleep(script.pauseMs);
  if (step.kind === 'write') await write(step);
  else await (step.kind === 'remove' ? rm(join(script.dataDir, step.path)) : run(step));
}
process.exit(0);

async function write({ path, text }) {
  const temporary = join(script.dataDir, '.script');
  await writeFile(temporary, text, { mode: 0o600 });
  await chown(temporary, uid, gid);
  await rename(temporary, join(script.dataDir, path));
}

async function run({ statement }) {
  const { socketDir: host, port, database } = script;
  const client = new pg.Client({ host, port, user: 'postgres', database });
  await client.connect();
  await client.query(statement);
  await client.end();
}
