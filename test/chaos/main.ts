/** `npm run test:chaos`: random runs by default, healthy ones, or a crash at every durable step; a table at the end. */
import { parseArgs } from 'node:util';
import { calmRuntime } from '../../worker/runtime-log.ts';
import { startFlapping } from './flapping.ts';
import { type RunResult, runScenario } from './run.ts';
import { healthyScenarioOf, type Scenario, scenarioInWords, scenarioOf } from './scenario.ts';
import { inTurns } from './series.ts';
import { setStage } from './stage.ts';
import { crashAt, pointInWords } from './steps/crash-run.ts';
import { crashPoints, recordSteps } from './steps/known-steps.ts';
import { renderMarkdown, renderTable, type Series, summaryOf } from './table.ts';

const usage = `usage: npm run test:chaos -- [--runs N] [--seed S] [--only K]… [--healthy | --steps] [--no-mount] [--parallel P] [--json | --markdown]
       npm run test:chaos -- --record-steps`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    healthy: { type: 'boolean', default: false },
    steps: { type: 'boolean', default: false },
    'record-steps': { type: 'boolean', default: false },
    'no-mount': { type: 'boolean', default: false },
    parallel: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});
const [runs, seed, parallel] = [Number(values.runs), Number(values.seed), Number(values.parallel)];
if (![runs, parallel].every((count) => Number.isInteger(count) && count > 0) || !Number.isInteger(seed)) {
  console.error(usage);
  process.exit(1);
}

calmRuntime();
process.exit(await main());

async function main(): Promise<number> {
  if (values['record-steps']) {
    const stage = await setStage({ seeSteps: true });
    await recordSteps(stage, (line) => console.error(line));
    await stage.close();
    return 0;
  }
  const series = values.steps ? await everyStep() : await randomly();
  const summary = summaryOf(series);
  if (values.json) console.log(JSON.stringify({ ...summary, violated: series.results.filter(isViolated) }));
  else console.log(values.markdown ? renderMarkdown(summary) : renderTable(summary));
  return summary.violations > 0 ? 1 : 0;
}

async function randomly(): Promise<Series> {
  const mode = values.healthy ? 'healthy' : 'chaos';
  const draw = (index: number): Scenario => (values.healthy ? healthyScenarioOf : scenarioOf)(seed, index);
  const flapping = values.healthy ? await startFlapping(seed) : null;
  const stage = flapping === null ? {} : { checks: flapping.checks, holdTimeout: '10s' };
  const settings = { parallel, stage: { ...stage, mount: !values['no-mount'] } };
  const { results, ownEnds } = await inTurns(indexes(runs), settings, async (stage, index) => {
    const ran = await runScenario(stage, draw(index));
    const result = values.healthy && ran.outcome !== 'kept' ? falselyEnded(ran) : ran;
    const again = `npm run test:chaos -- --seed ${seed} --only ${index}${values.healthy ? ' --healthy' : ''}`;
    tell(result, scenarioInWords(draw(index)), again);
    return result;
  });
  await flapping?.close();
  return { mode, seed, results, ownEnds };
}

function falselyEnded(ran: RunResult): RunResult {
  return { ...ran, violations: [...ran.violations, `a healthy change ended as ${ran.outcome}: ${ran.reason}`] };
}

async function everyStep(): Promise<Series> {
  const points = crashPoints();
  const settings = { parallel, stage: { seeSteps: true } };
  const { results, ownEnds } = await inTurns(indexes(points.length), settings, async (stage, index) => {
    const point = points[index];
    if (point === undefined) throw new Error(`there are ${points.length} points, and none is number ${index}`);
    const { crashed, run } = await crashAt(stage, point, index);
    const missed = crashed ? [] : ['the step was not taken'];
    const result = { ...run, faults: crashed ? (['kill'] as const) : [], violations: [...run.violations, ...missed] };
    tell(result, pointInWords(point), `npm run test:chaos -- --steps --only ${index}`);
    return result;
  });
  return { mode: 'steps', seed: 0, results, ownEnds };
}

function indexes(count: number): readonly number[] {
  return values.only?.map(Number) ?? Array.from({ length: count }, (_, index) => index);
}

function isViolated(result: RunResult): boolean {
  return result.violations.length > 0;
}

/** A violation brings all that is needed to have it again alone. */
function tell(result: RunResult, scenario: string, again: string): void {
  const what = values.steps ? scenario : `${result.kind}, ${result.faults.join(', ') || 'no fault'}`;
  const took = `${(result.tookMs / 1_000).toFixed(1)} s`;
  console.error(`${result.index}: ${what}: ${result.outcome} (${result.reason}) in ${took}`);
  if (!isViolated(result)) return;
  const violations = result.violations.map((line) => `VIOLATION ${line}`);
  for (const line of [...violations, ...scenario.split('\n'), ...result.log, `again: ${again}`])
    console.error(`    ${line}`);
}
