/** The pipeline of an external change: waits to be let in, runs its script, and says how that went, or dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeHandle } from '../../client/change-handle.ts';
import { changeMain, targetName } from './names.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import type { Watched } from './target-state.ts';

const dieAfterMs = 400;

/** Resolves when nothing of it writes any more. */
export async function runPipeline(
  stage: Stage,
  scenario: Scenario,
  changeId: string,
  scriptFile: string,
  watched: Watched,
): Promise<void> {
  const change = changeHandle(stage.client, targetName, changeId);
  const answered = change.awaitArmed();
  // Whoever stops listening is told nothing.
  answered.catch(() => undefined);
  if (!(await watched.reached('armed'))) return;
  const answer = await answered;
  if (answer.kind !== 'answered' || !answer.answer.armed) return;
  const child = spawn(process.execPath, [changeMain, scriptFile], { stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  if (scenario.pipeline === 'dies') {
    await Promise.race([ended, sleep(dieAfterMs)]);
    child.kill('SIGKILL');
    await ended;
    return;
  }
  const [exitCode] = await ended;
  // Temporal may be away for a while; its silence is a revert.
  const said = exitCode === 0 ? change.applied({ exitCode }) : change.failed({ exitCode: exitCode ?? 1 });
  await said;
}
