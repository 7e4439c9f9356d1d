/** The day after: a playbook writes the configuration of April 12 again, and nobody reloads. Who looks for drift tells it at once. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { target } from './config-files.ts';
import type { Heard } from './people.ts';
import { runCli } from './processes.ts';
import type { Stage } from './stage.ts';
import { newVersions } from './upgrade/new-version.ts';

/** What the database team heard of it; null: nothing, in time. */
export async function alarmOfDrift(stage: Stage, say: (line: string) => void): Promise<Heard | null> {
  const { files, folder, database, client, people } = stage;
  const reason = 'proven after the revert';
  const options = ['--config', files.knowngood];
  const accept = await runCli(['drift', 'accept', target, ...options, '--reason', reason], {
    cwd: folder,
    onLine: (line) => say(line),
  });
  if ((await accept.exited) !== 0) return null;
  say('a playbook writes the pg_hba.conf of April 12 again; nothing is reloaded, nobody notices');
  const path = join(database.dataDir, 'pg_hba.conf');
  const before = await readFile(path);
  // In place: mode and owner stay.
  await writeFile(path, newVersions.outage.pgHbaConf ?? '');
  try {
    const since = Date.now();
    // Else it would be looked at within the minute.
    await client.schedule.getHandle(`knowngood-drift:${target}`).trigger();
    return await heardOf(() => people.heard().find(({ at, text }) => at >= since && text.includes('drifted')));
  } finally {
    await writeFile(path, before);
  }
}

const patienceMs = 20_000;

/** The first one that `find` finds; null: none in time. */
export async function heardOf(find: () => Heard | undefined): Promise<Heard | null> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const heard = find();
    if (heard !== undefined) return heard;
    if (performance.now() > deadline) return null;
    await sleep(100);
  }
}
