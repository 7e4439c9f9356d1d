/** The demo: the outage of April 12 on real parts, guarded, and both days in one picture. */
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import pc from 'picocolors';
import type { ReportModel } from '../domain/report/report.ts';
import { packageRoot } from '../worker/stack/package-root.ts';
import { migrationCommand, target } from './config-files.ts';
import { surprises } from './judge.ts';
import { alarmOfDrift, heardOf } from './drift-alarm.ts';
import { cliPath, runCli } from './processes.ts';
import { runScenario, type ScenarioRun } from './scenario-run.ts';
import { scenarios, type ScenarioName } from './scenarios.ts';
import { setStage, type Stage } from './stage.ts';
import { renderSummary, type Found } from './summary.ts';
import { notHeard, renderTold, type Told } from './told.ts';
import { renderKept, renderRefused, renderTimeline } from './timeline.ts';

export { scenarioNames, scenarios, type ScenarioName } from './scenarios.ts';

export interface DemoOptions {
  readonly scenario: ScenarioName;
  /** Keep everything up after the end, until Ctrl-C. */
  readonly stay: boolean;
  /** The answer, in whole lines. */
  readonly out: (text: string) => void;
  /** The talk meanwhile, a line at a time. */
  readonly progress: (line: string) => void;
  /** Default: as the terminal can. */
  readonly colors?: boolean;
}

export interface DemoResult {
  readonly scenario: ScenarioName;
  /** null: ended by Ctrl-C before its end. */
  readonly run: ScenarioRun | null;
  /** What did not end as it has to; empty when all is well. */
  readonly surprises: readonly string[];
  readonly exitCode: 0 | 1;
}

/** Ends everything that it started, whatever happens, Ctrl-C included. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { scenario, progress } = options;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const { signal } = stopping;
    progress(`scenario ${scenario}: ${scenarios[scenario].title}`);
    const { variant, newEngine = false } = scenarios[scenario];
    const stage = await setStage({ variant, newEngine, progress, signal });
    try {
      return await play(options, stage, signal);
    } finally {
      progress('stopping everything');
      await stage.close();
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    progress('interrupted: nothing is left running');
    return { scenario, run: null, surprises: ['interrupted'], exitCode: 1 };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function play(
  { scenario, stay, out, progress, colors }: DemoOptions,
  stage: Stage,
  signal: AbortSignal,
): Promise<DemoResult> {
  const style = pc.createColors(colors ?? pc.isColorSupported);
  const run = await runScenario({ stage, scenario, progress, signal });
  const { moments, outcome } = run.result;
  const render = outcome === 'kept' ? renderKept : outcome === 'rejected' ? renderRefused : renderTimeline;
  const picture = render(moments, style);
  const found = { report: await keepReport(stage, run), workflow: workflowAddress(stage, run) };
  const unexpected = surprises(scenarios[scenario], run);
  if (found.report === null) unexpected.push('no report was written');
  out(['', ...picture, '', ...renderSummary(run, found, style), ''].join('\n'));
  if (scenarios[scenario].afterwards) {
    const told = await afterwards(stage, progress);
    out(['', ...renderTold(told, style), ''].join('\n'));
    unexpected.push(...notHeard(told));
  }
  for (const surprise of unexpected) progress(style.red(`not as expected: ${surprise}`));
  if (unexpected.length > 0) progress(stage.logs());
  if (stay) await stayUp(stage, scenario, out, signal);
  return { scenario, run, surprises: unexpected, exitCode: unexpected.length === 0 ? 0 : 1 };
}

/** Whom it was told to, and who hears of it when the same configuration comes again. */
async function afterwards(stage: Stage, progress: (line: string) => void): Promise<Told> {
  const { people } = stage;
  // The last message of all: nobody waits for it, so it may come a moment after the report.
  await heardOf(() => people.heard().find(({ by, text }) => by === 'pagerduty' && text.startsWith('resolve')));
  const change = people.heard();
  return { change, alarm: await alarmOfDrift(stage, progress) };
}

/** A copy of the report that outlives the store, fetched as a user would; null when there is none. */
async function keepReport({ files, folder }: Stage, { result }: ScenarioRun): Promise<Found['report']> {
  const output = join(packageRoot, 'demo-output');
  await mkdir(output, { recursive: true });
  const path = join(output, `knowngood-report-${result.changeId}.html`);
  await rm(path, { force: true });
  const change = `${result.target}:${result.changeId}`;
  const answer: string[] = [];
  const report = await runCli(['report', change, '--config', files.knowngood, '--json', '--html', path], {
    cwd: folder,
    onLine: (line, from) => {
      if (from === 'stdout') answer.push(line);
    },
  });
  if ((await report.exited) !== 0) return null;
  const near = relative(process.cwd(), path);
  const { report: model } = JSON.parse(answer.join('\n')) as { report: ReportModel };
  return { path: near.startsWith('..') ? path : near, model };
}

function workflowAddress({ temporal }: Stage, { workflowId, runId }: ScenarioRun): string | null {
  const { uiAddress, namespace } = temporal;
  return uiAddress === null
    ? null
    : `${uiAddress}/namespaces/${namespace}/workflows/${workflowId}/${runId}/user-metadata`;
}

async function stayUp(stage: Stage, scenario: ScenarioName, out: (text: string) => void, signal: AbortSignal) {
  out(renderStay(stage, scenario));
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

/** Where to look, and how to live through it again. */
function renderStay(stage: Stage, scenario: ScenarioName): string {
  const { temporal, shop, database, newEngine, files, folder } = stage;
  const knowngood = (words: string): string => `node ${relative(process.cwd(), cliPath)} ${words}`;
  return [
    '  Everything stays up until Ctrl-C:',
    `    Temporal Web UI  ${temporal.uiAddress}`,
    `    shop             ${shop.app}/product/7`,
    `    configuration    ${newEngine?.dataDir ?? database.dataDir}`,
    `    yaml files       ${folder}`,
    `    changes so far   ${knowngood(`status --all --config ${files.knowngood}`)}`,
    // A server is made a 17 once.
    ...(newEngine === null ? [`    once more        ${knowngood(againOf(stage, scenario))}`] : []),
    '',
  ].join('\n');
}

function againOf({ files, database }: Stage, scenario: ScenarioName): string {
  const { by, variant, change, allowAccessLoss = false } = scenarios[scenario];
  const config = `--config ${files.knowngood}`;
  // The agent knows the command `upgrade`: no need to type the pipeline's.
  if (variant !== null) return `guard ${target} --on-host upgrade ${config}`;
  if (change === 'april-12') return `apply ${files.april12} ${config}`;
  if (by === 'declared') return `apply ${files.change} ${config}${allowAccessLoss ? ' --allow-access-loss' : ''}`;
  return `guard ${target} ${config} -- ${migrationCommand(files.adminPassword, database).join(' ')}`;
}
