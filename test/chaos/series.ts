/** Many runs, on several stages side by side. */
import type { RunResult } from './run.ts';
import { type Stage, type StageSettings, setStage } from './stage.ts';

/** State folder, histories and store grow with each run; and a stage that saw a violation proves nothing about the next run. */
const runsOnOneStage = 50;

export async function inTurns(
  indexes: readonly number[],
  settings: { readonly parallel: number; readonly stage: StageSettings },
  run: (stage: Stage, index: number) => Promise<RunResult>,
): Promise<{ readonly results: readonly RunResult[]; readonly ownEnds: readonly string[] }> {
  const waiting = [...indexes];
  const results: RunResult[] = [];
  const ownEnds: string[] = [];

  async function onStages(): Promise<void> {
    while (waiting.length > 0) {
      const stage = await setStage(settings.stage);
      try {
        await onOne(stage);
      } finally {
        ownEnds.push(...stage.ownEnds());
        await stage.close();
      }
    }
  }

  async function onOne(stage: Stage): Promise<void> {
    for (let count = 0; count < runsOnOneStage; count += 1) {
      const index = waiting.shift();
      if (index === undefined) return;
      const result = await run(stage, index);
      results.push(result);
      if (result.violations.length > 0) return;
    }
  }

  await Promise.all(Array.from({ length: Math.min(settings.parallel, indexes.length) }, onStages));
  return { results: results.sort((one, other) => one.index - other.index), ownEnds };
}
