/** A full disk, where none can be mounted and filled: the agent is refused its writes, and the change ends as it must. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runScenario } from './run.ts';
import { scenarioOf } from './scenario.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ mount: false });
}, 120_000);
afterAll(() => stage?.close());

it('a disk that is full when the change is in force delays its end, and loses nothing', async () => {
  const full = { after: 'applied', delayMs: 0, what: { kind: 'disk-full', forMs: 3_000 } } as const;
  const run = await runScenario(stage, { ...scenarioOf(1, 1), kind: 'config', abort: null, faults: [full] });
  expect(run).toMatchObject({ faults: ['disk-full'], violations: [] });
  expect(readFileSync(join(stage.folder, 'agent.log'), 'utf8')).toContain('ENOSPC');
});
