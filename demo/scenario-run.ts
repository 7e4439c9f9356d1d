/** One scenario on the stage: the guarded change through the real command line, and what is left of the server after it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { workflowIdOf } from '../domain/change.ts';
import type { ChangeResult } from '../domain/result.ts';
import { differences, readConfiguration, type Becomes, type Configuration } from './configuration.ts';
import { migrationCommand, target, upgradeCommand } from './config-files.ts';
import { readServer } from './grants.ts';
import { runCli } from './processes.ts';
import { scenarios, type ScenarioName } from './scenarios.ts';
import type { Shop } from './shop/shop.ts';
import type { ShoppersSaw } from './shop/shoppers.ts';
import type { Stage } from './stage.ts';
import { carriedOver } from './upgrade/engine-files.ts';

export interface ScenarioRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Of the command line that started the change. */
  readonly exitCode: number;
  readonly result: ChangeResult;
  /** Bytes, mode and owner of each file (before a new server's coming: as that one shall have them), and the privileges on each table, by the demo's own eye. */
  readonly before: Configuration;
  readonly after: Configuration;
  /** Its major version, as the server itself says. */
  readonly majors: { readonly before: string; readonly after: string };
  /** Files that cannot go to the new server as they are: `before` has them as that one takes them. */
  readonly adapted: readonly string[];
  readonly saw: ShoppersSaw;
  /** At the end: a product page, and a picture that the CDN has not cached. */
  readonly shopWorks: { readonly page: boolean; readonly freshImage: boolean };
}

export interface RunOptions {
  readonly stage: Stage;
  readonly scenario: ScenarioName;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function runScenario({ stage, scenario, progress, signal }: RunOptions): Promise<ScenarioRun> {
  const { shop, client, folder } = stage;
  const changeId = `april-12-${scenario}`;
  const workflowId = workflowIdOf(target, changeId);
  const before = await everything(stage, stage.database.dataDir, stage.newEngine === null ? null : carriedOver);
  const untouched = await readConfiguration(stage.database.dataDir);
  const adapted = differences(untouched, before.configuration).filter((name) => name in untouched);
  const shoppers = followShoppers(shop, progress);
  try {
    // The talk of a --json command is on stderr; its answer is asked of Temporal itself, below.
    const onLine = (line: string, from: 'stdout' | 'stderr'): void => {
      if (from === 'stderr') progress(line);
    };
    const cli = await runCli(argumentsOf(stage, scenario, changeId), { cwd: folder, onLine });
    const abort = (): void => void cli.stop();
    signal.addEventListener('abort', abort);
    const exitCode = await cli.exited;
    signal.removeEventListener('abort', abort);
    signal.throwIfAborted();
    const handle = client.workflow.getHandle(workflowId);
    // Without a workflow the command line has said why, and its last words are the error.
    const { runId } = await handle.describe().catch(() => {
      throw new Error(`the change was not started (exit code ${exitCode})\n${cli.tail()}`);
    });
    const result = (await handle.result()) as ChangeResult;
    const after = await everything(stage, stage.newEngine?.dataDir ?? stage.database.dataDir);
    const shopWorks = { page: await loads(`${shop.app}/product/1`), freshImage: await loads(`${shop.images}/img/240`) };
    return {
      workflowId,
      runId,
      exitCode,
      result,
      before: before.configuration,
      after: after.configuration,
      majors: { before: before.major, after: after.major },
      adapted,
      saw: shop.saw(),
      shopWorks,
    };
  } finally {
    shoppers.stop();
    await shoppers.stopped;
  }
}

async function everything(
  { adminUrl }: Stage,
  dataDir: string,
  becomes?: Becomes | null,
): Promise<{ readonly major: string; readonly configuration: Configuration }> {
  const { major, grants } = await readServer(adminUrl);
  return { major, configuration: { ...(await readConfiguration(dataDir, becomes)), ...grants } };
}

function argumentsOf(stage: Stage, name: ScenarioName, changeId: string): string[] {
  const { files, database } = stage;
  const options = ['--config', files.knowngood, '--json', '--change-id', changeId];
  const { by, variant, change, allowAccessLoss = false } = scenarios[name];
  if (by === 'declared')
    return [
      'apply',
      ...options,
      ...(allowAccessLoss ? ['--allow-access-loss'] : []),
      change === 'april-12' ? files.april12 : files.change,
    ];
  if (by === 'on-host') return ['guard', target, ...options, '--on-host', 'upgrade'];
  const command =
    variant === null ? migrationCommand(files.adminPassword, database) : upgradeCommand(variant, database);
  return ['guard', target, ...options, '--', 'sh', '-c', command.map(quoted).join(' ')];
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

const lookEveryMs = 100;
/** Longer than a round of visits: pictures load again only when several in a row did. */
const calmMs = 800;

/** Says when shoppers begin to see broken pictures, and when they no longer do. */
function followShoppers(shop: Shop, say: (line: string) => void): { stop(): void; readonly stopped: Promise<void> } {
  let going = true;
  const stopped = (async () => {
    let broken = shop.saw().brokenImages;
    let brokenAt: number | null = null;
    while (going) {
      await sleep(lookEveryMs);
      const now = shop.saw().brokenImages;
      if (now > broken) {
        if (brokenAt === null) say('shoppers: new pictures do not load; the CDN still shows those that it has cached');
        [broken, brokenAt] = [now, performance.now()];
      } else if (brokenAt !== null && performance.now() - brokenAt > calmMs) {
        say('shoppers: all pictures load again');
        brokenAt = null;
      }
    }
  })();
  return { stop: () => (going = false), stopped };
}

async function loads(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { headersTimeout: 3000 });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
