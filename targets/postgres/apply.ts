/** Carries out a plan, step by step; every step may be run again after having been cut off anywhere. */
import { stat } from 'node:fs/promises';
import pg from 'pg';
import type { Activated, ChangeStep, Fence, PlannedChange, Say } from '../target.ts';
import { awaitLoaded, requestReload, restartServer } from './activate.ts';
import type { Problem } from '../../domain/problem.ts';
import { awaitAnswer } from './accepting.ts';
import { readFiles } from './capture-files.ts';
import { readConfigFile } from './disk.ts';
import { checkIdentity, checkSession } from './identity.ts';
import type { Parts } from './parts.ts';
import { readPlaces } from './server-state.ts';
import type { Session } from './sql-channel.ts';
import { runSql } from './sql-run.ts';
import { restartProblems } from './standbys.ts';
import { TargetError } from './target-error.ts';
import { servedProblem } from './tls-served.ts';
import { diskProblems, newProblems } from './validate-disk.ts';
import { removeFile, replaceFile } from './write-file.ts';

/** A reload takes milliseconds; a busy host may need more. */
const loadTimeoutMs = 5_000;
const answerTimeoutMs = 30_000;

export async function applyOn(
  parts: Parts,
  { steps, server }: PlannedChange,
  fence: Fence,
  say: Say,
): Promise<Activated> {
  await checkIdentity(server);
  await parts.sql.any((session) => checkSession(session, server));
  const places = parts.known ?? (await parts.sql.any(readPlaces));
  const before = await parts.sql.any(diskProblems);
  const servedWell = (await parts.sql.any(seeServed)) === null;
  let validated = false;
  let answer: Activated = { acceptingAt: Date.now(), restarted: false };
  for (const step of steps) {
    // Whatever can fail is found out before the first file takes effect.
    if ((step.do === 'reload' || step.do === 'restart') && !validated) {
      const problems = [
        ...newProblems(before, await parts.sql.any(diskProblems)),
        // A standby may have come, or have got less, while the plan waited for its approval.
        ...(step.do === 'restart' ? await restartProblems(parts) : []),
      ];
      if (problems.length > 0) throw new TargetError('NotApplied', problems);
      validated = true;
    }
    if (step.do === 'declare') throw new TypeError('a server of its own has no owner to declare to');
    say(sayOf(step));
    if (step.do === 'write-file') await writeStep(parts, step, places.paths.config, fence);
    else if (step.do === 'remove-file') await removeStep(parts, step, fence);
    else if (step.do === 'alter-system') await parts.sql.any((session) => alterSystem(session, step, fence));
    else if (step.do === 'sql') await runSql(parts.endpoint, step, fence, say);
    else answer = await (step.do === 'reload' ? reloadStep : restartStep)(parts, places.dataDirectory, fence);
  }
  // A reload that could not take the TLS files says so in the log only.
  const unserved = validated && servedWell ? await parts.sql.any(seeServed) : null;
  if (unserved !== null) throw new TargetError('NotApplied', [unserved]);
  return answer;
}

async function seeServed(session: Session): Promise<Problem | null> {
  const [row] = await session.rows<{ ssl: string }>(`select pg_catalog.current_setting('ssl') as ssl`);
  const places = await readPlaces(session);
  return servedProblem(await readFiles(places), places.dataDirectory, row?.ssl === 'on');
}

function sayOf(step: Exclude<ChangeStep, { do: 'declare' }>): string {
  if (step.do === 'write-file') return `writing ${step.path}`;
  if (step.do === 'remove-file') return `removing ${step.path}`;
  if (step.do === 'alter-system')
    return step.literals === null ? `alter system reset ${step.name}` : `alter system set ${step.name}`;
  if (step.do === 'sql') return `running SQL in database ${step.database}`;
  return step.do === 'reload' ? 'reloading the configuration' : 'restarting the server';
}

async function writeStep(
  parts: Parts,
  { path, base64, expectDigest, owned }: Extract<ChangeStep, { do: 'write-file' }>,
  main: string,
  fence: Fence,
): Promise<void> {
  const bytes = Buffer.from(base64, 'base64');
  const content = bytes.toString('latin1');
  const found = await readConfigFile(path);
  // A new file is as readable, and belongs to whom, as the main one.
  const { mode, uid, gid } = owned ?? found ?? (await stat(main));
  if (found?.content === content && found.mode === mode && found.uid === uid && found.gid === gid) return;
  await replaceFile(path, { content, mode: mode & 0o7777, uid, gid }, async () => {
    await fence();
    await expectUnmoved(parts, path, expectDigest);
  });
}

async function removeStep(
  parts: Parts,
  { path, expectDigest }: Extract<ChangeStep, { do: 'remove-file' }>,
  fence: Fence,
): Promise<void> {
  if ((await readConfigFile(path)) === null) return;
  await removeFile(path, async () => {
    await fence();
    await expectUnmoved(parts, path, expectDigest);
  });
}

async function expectUnmoved({ digest }: Parts, path: string, expected: string | null): Promise<void> {
  const now = await readConfigFile(path);
  const same =
    now === null || expected === null
      ? now === null && expected === null
      : digest.matches(expected, Buffer.from(now.content, 'latin1'));
  if (same) return;
  throw new TargetError('NotApplied', [
    {
      code: 'file-moved',
      message: `${path} is not as it was when the change was planned`,
      detail: 'Somebody else has edited it since. It is left as it is.',
      hint: 'Plan the change again.',
    },
  ]);
}

/** One literal an element: a single literal of `a, b` would become one element. Not in a transaction block. */
async function alterSystem(
  session: Session,
  { name, literals }: Extract<ChangeStep, { do: 'alter-system' }>,
  fence: Fence,
): Promise<void> {
  const quoted = name.split('.').map(pg.escapeIdentifier).join('.');
  const statement =
    literals === null
      ? `alter system reset ${quoted}`
      : `alter system set ${quoted} = ${literals.map(pg.escapeLiteral).join(', ')}`;
  await fence();
  try {
    await session.script(statement);
  } catch (error) {
    throw new TargetError(
      'NotApplied',
      [
        {
          code: 'alter-system-failed',
          message: `the server refused to set "${name}"`,
          detail: error instanceof Error ? error.message : String(error),
        },
      ],
      error,
    );
  }
}

async function reloadStep({ sql, endpoint }: Parts, dataDirectory: string, fence: Fence): Promise<Activated> {
  await fence();
  const reload = await requestReload(sql, dataDirectory);
  if (!reload.sent)
    throw failed(
      'not-reloaded',
      'the server could not be told to reload its configuration',
      `Tried ${reload.tried.join('; ')}.`,
    );
  const acceptingAt = await awaitAnswer(endpoint, answerTimeoutMs, 5);
  if (!(await awaitLoaded(sql, reload.at, loadTimeoutMs, true)))
    throw failed('not-loaded', 'the server did not load its new configuration', 'Its log says why.');
  if (acceptingAt === null)
    throw failed('not-accepting', 'the server does not answer new connections', 'Its log says why.');
  return { acceptingAt, restarted: false };
}

async function restartStep({ restart, endpoint }: Parts, dataDirectory: string, fence: Fence): Promise<Activated> {
  if (restart === null)
    throw failed(
      'no-restart-command',
      'this agent cannot restart the server',
      'Give it a restart command in its agent.yaml.',
    );
  await fence();
  const { acceptingAt, problem } = await restartServer(restart, dataDirectory, endpoint);
  if (problem !== null) throw new TargetError('NotApplied', [problem]);
  return { acceptingAt: acceptingAt ?? Date.now(), restarted: true };
}

function failed(code: string, message: string, hint: string): TargetError {
  return new TargetError('NotApplied', [{ code, message, hint }]);
}
