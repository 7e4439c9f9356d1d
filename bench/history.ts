/** How many events a kept change leaves in Temporal's history: a soak of 10 minutes, five checks, one sample a second. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { orchestratorQueue, workflowIdOf, type ChangeRequest } from '../domain/change.ts';
import type { ChangeResult } from '../domain/result.ts';
import { target } from '../demo/config-files.ts';
import { setStage, type Stage } from '../demo/stage.ts';
import type { Figure } from './figure.ts';
import type { BenchOptions } from './options.ts';

const goalEvents = 100;

export async function benchHistory({ progress }: BenchOptions): Promise<readonly Figure[]> {
  const stage = await setStage({ variant: null, rehearsal: false, progress, signal: new AbortController().signal });
  try {
    progress('a soak of 20 s with five checks at 1 s, and people who are told that it begins and that it is kept');
    const told = await kept(stage, '20s', (config) => config);
    progress('a soak of 10 minutes with five checks at 1 s; this takes 10 minutes');
    const silent = await kept(stage, '10m', (config) => ({
      ...config,
      teams: undefined,
      notifications: undefined,
    }));
    return [
      {
        name: 'history of a kept change, 10 min soak',
        value: silent.events,
        unit: 'events',
        floor: null,
        goal: `≤ ${goalEvents}`,
        met: silent.events <= goalEvents,
        note: `${silent.seconds} s, five checks at 1 s, nobody is told`,
      },
      {
        name: 'of one of which people are told twice',
        value: told.events,
        unit: 'events',
        floor: null,
        goal: '–',
        met: true,
        note: `${told.seconds} s, five checks at 1 s`,
      },
    ];
  } finally {
    await stage.close();
  }
}

type Config = Readonly<Record<string, unknown>>;

async function kept(
  { files, client }: Stage,
  soak: string,
  bend: (config: Config) => Config,
): Promise<{ readonly events: number; readonly seconds: number }> {
  const yaml = await readFile(files.knowngood, 'utf8');
  await writeFile(files.knowngood, stringify(bend(parse(yaml.replace('interval: 500ms', 'interval: 1s')) as Config)));
  const changeId = `bench-${randomBytes(4).toString('hex')}`;
  const request: ChangeRequest = {
    target,
    changeId,
    change: { kind: 'config', settings: { work_mem: soak === '20s' ? '5MB' : '6MB' } },
    requestedBy: 'bench',
    overrides: { soak },
  };
  const handle = await client.workflow.start('guardedChange', {
    workflowId: workflowIdOf(target, changeId),
    taskQueue: orchestratorQueue,
    args: [request],
  });
  const result = (await handle.result()) as ChangeResult;
  if (result.outcome !== 'kept') throw new Error(`the change was not kept: ${result.summary}`);
  const history = await handle.fetchHistory();
  const seconds = Math.round((result.moments.closed - result.moments.started) / 1_000);
  return { events: history.events?.length ?? Number.NaN, seconds };
}
