/** The durable steps that are known, each with a life that takes it; made anew by `npm run test:chaos -- --record-steps`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { inSources } from '../names.ts';
import type { Stage } from '../stage.ts';
import { type CrashPoint, stepsOf } from './crash-run.ts';
import { lives } from './lives.ts';

const file = inSources('steps', 'known-steps.json');

/** Step → life. */
export type KnownSteps = Readonly<Record<string, string>>;

export function knownSteps(): KnownSteps {
  return JSON.parse(readFileSync(file, 'utf8')) as KnownSteps;
}

export function crashPoints(known: KnownSteps = knownSteps()): readonly CrashPoint[] {
  return Object.entries(known).flatMap(([step, life]) =>
    (['before', 'after'] as const).map((when) => ({ life, when, step })),
  );
}

/** Some steps depend on a clock, and are not taken every time. */
const times = 3;

export async function recordSteps(stage: Stage, say: (line: string) => void): Promise<void> {
  const known: Record<string, string> = {};
  let index = 0;
  for (const life of Object.keys(lives)) {
    const tries: (readonly string[])[] = [];
    for (let time = 0; time < times; time += 1) {
      const { steps, run } = await stepsOf(stage, life, index);
      index += 1;
      say(`${life}: ${run.outcome} (${run.reason}), ${steps.length} steps`);
      tries.push(steps);
    }
    // A crash needs a life that surely comes by.
    for (const step of tries.flat()) if (tries.every((steps) => steps.includes(step))) known[step] ??= life;
    for (const step of tries.flat()) known[step] ??= life;
  }
  writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`);
}
