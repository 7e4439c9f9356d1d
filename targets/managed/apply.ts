/** Carries out a plan: SQL on the primary, one write to the owner, then the members take it and are restarted in order. */
import { type Edit, missingFrom, pathText, sameValue, valueAt } from '../../domain/managed/document.ts';
import { restartOrder } from '../../domain/managed/restart-order.ts';
import type { Problem } from '../../domain/problem.ts';
import { awaitAnswer } from '../postgres/accepting.ts';
import { runSql } from '../postgres/sql-run.ts';
import { TargetError } from '../postgres/target-error.ts';
import { viewProblems, newProblems } from '../postgres/validate-disk.ts';
import type { Activated, ChangeStep, Fence, PlannedChange, Say } from '../target.ts';
import { awaitTaken, restartMembers } from './arrive.ts';
import { checkOwned } from './identity.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { hasReadableFiles } from './privileges.ts';
import { movedSettings } from './moved.ts';

const answerTimeoutMs = 30_000;

export async function applyManaged(
  parts: ManagedParts,
  { steps, server }: PlannedChange,
  fence: Fence,
  say: Say,
): Promise<Activated> {
  const owned = await parts.owner.read();
  checkOwned(owned, server);
  const leader = parts.on(leaderOf(owned, parts.owner));
  const views = hasReadableFiles(parts.owner) ? viewProblems : async (): Promise<readonly Problem[]> => [];
  const before = await leader.sql.any(views);
  let restarted = false;
  for (const step of steps) {
    if (step.do === 'sql') {
      say(`running SQL in database ${step.database}`);
      await runSql(leader.endpoint, step, fence, say);
    } else if (step.do === 'declare') {
      say(`declaring ${step.edits.map(({ path }) => pathText(path)).join(', ')} to ${parts.owner.title}`);
      await declare(parts, step.edits, fence);
      const problems = newProblems(
        before,
        await parts.on(leaderOf(await parts.owner.read(), parts.owner)).sql.any(views),
      );
      if (problems.length > 0) throw new TargetError('NotApplied', problems);
    } else if (step.do === 'restart') {
      const now = await parts.owner.read();
      if (now.paused) throw failed([paused(parts)]);
      const moved = await movedSettings(parts, now);
      // What a service leaves unsaid until the restart is known by what was declared.
      const scope = new Set([...moved.map(({ name }) => name), ...steps.flatMap(declaredNames)]);
      restarted = (await restartMembers(parts, { order: restartOrder(moved), scope, fence, say })).length > 0;
    }
  }
  const { endpoint } = parts.on(leaderOf(await parts.owner.members(), parts.owner));
  const acceptingAt = await awaitAnswer(endpoint, answerTimeoutMs, 5);
  if (acceptingAt === null)
    throw failed([{ code: 'not-accepting', message: 'the primary does not answer new connections' }]);
  return { acceptingAt, restarted };
}

function declaredNames(step: ChangeStep): readonly string[] {
  return step.do === 'declare' ? step.edits.map(({ path }) => path.at(-1) ?? '') : [];
}

/** Run again after it was cut off, it finds its own values and goes on. */
async function declare(parts: ManagedParts, edits: readonly Edit[], fence: Fence): Promise<void> {
  await fence();
  // As late as can be: the owner has no write that asks for what it replaces.
  const { document, arrivalMs } = await parts.owner.read();
  const moved = edits.filter(({ path, from, to }) => {
    const now = valueAt(document, path);
    return !sameValue(now, from) && !sameValue(now, to);
  });
  if (moved.length > 0) throw failed(moved.map(declaredSince));
  await fence();
  const after = await parts.owner.write(edits);
  const missing = missingFrom(after, edits);
  if (missing.length > 0) throw failed(missing.map((path) => notDeclared(pathText(path))));
  // Who is away takes it when it is back, and was named by the plan.
  const untaken = await awaitTaken(parts, { edits, names: [], timeoutMs: arrivalMs });
  const here = [...untaken.values()].filter(({ code }) => code !== 'member-away');
  if (here.length > 0) throw failed(here);
}

function declaredSince({ path }: Edit): Problem {
  return {
    code: 'declared-since',
    message: `${pathText(path)} is not declared as it was when the change was planned`,
    detail: 'Somebody else has changed it since. It is left as it is.',
    hint: 'Plan the change again.',
  };
}

export function notDeclared(what: string): Problem {
  return {
    code: 'not-declared',
    message: `${what} is not declared as it was written`,
    hint: 'Something keeps writing it.',
  };
}

export function paused({ owner }: ManagedParts): Problem {
  return {
    code: 'owner-paused',
    message: `${owner.title} is paused: no member is restarted`,
    hint: 'Resume it, and this goes on by itself.',
  };
}

function failed(problems: readonly Problem[]): TargetError {
  return new TargetError('NotApplied', problems);
}
