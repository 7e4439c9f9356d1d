/** One life of a change with one crash in it, or with none to see which steps it takes. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunResult, runScenario } from '../run.ts';
import type { Stage } from '../stage.ts';
import { lives } from './lives.ts';

export interface CrashPoint {
  readonly life: string;
  readonly when: 'before' | 'after';
  readonly step: string;
}

export const pointInWords = ({ life, when, step }: CrashPoint): string => `${when} "${step}" (${life})`;

/** Every step that a life takes, in the order of their first time. */
export async function stepsOf(stage: Stage, life: string, index: number): Promise<{ steps: string[]; run: RunResult }> {
  rmSync(join(stage.folder, 'steps.txt'), { force: true });
  const run = await live(stage, life, index);
  const lines = readFileSync(join(stage.folder, 'steps.txt'), 'utf8').trimEnd().split('\n');
  return { steps: [...new Set(lines.map((line) => line.split('\t')[1] ?? ''))], run };
}

/** `crashed` false: the life did not come to that step. */
export async function crashAt(
  stage: Stage,
  point: CrashPoint,
  index: number,
): Promise<{ readonly crashed: boolean; readonly run: RunResult }> {
  const plan = join(stage.folder, 'crash-plan.json');
  writeFileSync(plan, JSON.stringify({ when: point.when, step: point.step }));
  const run = await live(stage, point.life, index);
  const crashed = !existsSync(plan);
  rmSync(plan, { force: true });
  return { crashed, run };
}

function live(stage: Stage, life: string, index: number): Promise<RunResult> {
  const scenario = lives[life];
  if (scenario === undefined) throw new Error(`no such life: ${life}`);
  return runScenario(stage, { ...scenario, seed: 0, index, value: 2 + (index % 900) });
}
