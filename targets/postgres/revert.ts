/**
 * Takes a change back: files first, then one reload, last a restart where a running value or a server that is down needs
 * it; nothing of it needs SQL. Then it looks, on new connections, and says what is proven and what is not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileSet } from '../../domain/snapshot/files.ts';
import type { Problem } from '../../domain/problem.ts';
import { restartNeededFor } from '../../domain/revert/settings.ts';
import type { Captured, RevertReport, Target } from '../target.ts';
import { awaitLoaded } from './activate.ts';
import { makeFolders } from './carry-over.ts';
import { look } from './capture.ts';
import { checkIdentity, checkWarm, identityProblem } from './identity.ts';
import type { Parts } from './parts.ts';
import { findPostmaster } from './postmaster.ts';
import { isLockedOutByCatalog } from './locked-out.ts';
import { type Activation, activate, proofTimeoutMs, runningPostmasterValues, silenceOf } from './revert-activate.ts';
import { putBack } from './revert-files.ts';
import { heldByStandbys } from './revert-hold.ts';
import { type RevertPlan, filesInQuestion, planFilesBack, settingsInScope, startedOtherwise } from './revert-plan.ts';
import { reportOf } from './revert-report.ts';
import { type SqlBack, revertSql, touchesSql } from './revert-sql.ts';
import type { StartupAnswer } from './startup-message.ts';
import { TargetError } from './target-error.ts';
import { type WitnessProof, askWitness, proveWitness } from './witness.ts';

export type RevertInput = Parameters<Target['revert']>[0];

/** Once the load is proven, a refused witness is refused by the restored file itself. */
const racePatienceMs = 250;
/** A question before the writes must not hold them up. */
const beforeWaitMs = 250;
/** Somebody who edits faster than this many plans is left to people. */
const maxPlans = 5;

export async function revertOn(parts: Parts, input: RevertInput): Promise<RevertReport> {
  const { before, change, witnesses, mayRestart, fence, say } = input;
  const { dataDirectory } = before.facts;
  await Promise.all([checkIdentity(before.facts), checkWarm(parts.sql, before.facts)]);
  if (before.carried !== undefined) await makeFolders(before.carried, dataDirectory, fence);
  const postmaster = await findPostmaster(dataDirectory);
  const asking = Promise.all(witnesses.map((witness) => askWitness(witness, parts.endpoint, postmaster)));
  const asked = Promise.race([asking, sleep(beforeWaitMs, null)]);
  const [{ plan, problems }, running] = await Promise.all([restoreFiles(input, asked), runningPostmasterValues(parts)]);

  input.filesBack?.();
  const silent = await silenceOf(parts, dataDirectory);
  const scope = settingsInScope(before, change, null);
  const needing = restartNeededFor(before.snapshot?.sections.settings ?? [], running ?? [], scope);
  const need = { dataDirectory, mayRestart, silent, fence, say };
  let held = silent !== null || needing.length === 0 ? [] : await heldByStandbys(parts);
  // A restart comes last: whom roles and grants let in is not kept waiting for it.
  const sqlFirst = silent === null && touchesSql(before, change);
  const wantsRestart = silent !== null || (needing.length > 0 && held.length === 0 && !sqlFirst);
  const first = await activate(parts, { ...need, wantsRestart });
  let seen = await see(parts, input, first);
  const proofs = proveWitnesses(parts, input, await asked, () => seen.loaded);
  const restartFor = async (names: readonly string[], canAsk: boolean): Promise<void> => {
    if (names.length === 0 || held.length > 0 || seen.activation.restarted) return;
    held = canAsk ? await heldByStandbys(parts) : [];
    if (held.length > 0 || !mayRestart || parts.restart === null) return;
    say(`only a restart restores ${names.join(', ')}`);
    seen = await see(parts, input, await activate(parts, { ...need, silent: null, wantsRestart: true }));
  };
  if (seen.after === null && !seen.lockedOut) {
    // It answers, and cannot be looked at: it may still read its rules from where the change had put them.
    const now = await runningPostmasterValues(parts);
    // C unknown: everything that runs differently.
    const all = scope.size > 0 ? scope : new Set(now?.map(({ name }) => name));
    const names =
      now === null
        ? startedOtherwise(before, change, plan)
        : restartNeededFor(before.snapshot?.sections.settings ?? [], now, all);
    await restartFor(names, now !== null);
  }
  const { sql, observed } = await restoreSql(parts, input, seen);
  seen = seen.lockedOut && !seen.loaded ? await see(parts, input, seen.activation) : { ...seen, ...observed };
  await restartFor(runningDifferently(before, change, seen), true);
  return reportOf(input, plan, [...problems, ...held], seen, sql, await proofs);
}

/** Until no file moves under our hands. The questions to the witnesses are answered before the first write. */
async function restoreFiles(
  { before, change, changeId, neverReopen, fence, say }: RevertInput,
  asked: Promise<unknown>,
): Promise<{ readonly plan: RevertPlan; readonly problems: readonly Problem[] }> {
  for (let round = 1; ; round += 1) {
    const [plan] = await Promise.all([planFilesBack(before, change, changeId, neverReopen), asked]);
    const { problems, moved } = await putBack(plan, changeId, fence);
    if (!moved) return { plan, problems };
    say('a file was edited meanwhile: planning again');
    if (round < maxPlans) continue;
    const hint = 'Something keeps writing them: stop it first.';
    const message = `configuration files changed during ${maxPlans} attempts to restore them`;
    return { plan, problems: [...problems, { code: 'files-keep-moving', message, hint }] };
  }
}

/** What a new connection shows after a reload or restart. */
export interface Seen {
  readonly activation: Activation;
  /** The server loaded its configuration after it was asked to. */
  readonly loaded: boolean;
  /** By a role or a database, not by a file: SQL alone can mend it, by the connection that is open. */
  readonly lockedOut: boolean;
  readonly after: Captured | null;
  /** On disk, those included that nothing leads to any more. */
  readonly files: FileSet | null;
  /** Why there is no `after`. */
  readonly problem: Problem | null;
}

type Observed = Pick<Seen, 'after' | 'files' | 'problem'>;

async function see(parts: Parts, input: RevertInput, activation: Activation): Promise<Seen> {
  const timeoutMs = activation.problems.length > 0 ? 0 : proofTimeoutMs;
  let lockedOut = false;
  const loaded = await awaitLoaded(parts.sql, activation.at, timeoutMs, false, (error) => {
    lockedOut = isLockedOutByCatalog(error);
    return lockedOut;
  });
  return { activation, loaded, lockedOut, ...(await observe(parts, input)) };
}

async function observe(parts: Parts, { before, change }: RevertInput): Promise<Observed> {
  try {
    const { captured } = await look(parts.sql, parts.digest);
    const other = identityProblem(before.facts, captured);
    if (other !== null) return { after: null, files: null, problem: other };
    parts.known = captured.facts;
    const { files } = await filesInQuestion(before, change);
    return { after: captured, files, problem: null };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const { problem } = error;
    return { after: null, files: null, problem };
  }
}

/** Where the change has locked even the agent out by its role, the connection that is open still looks and writes. */
async function restoreSql(
  parts: Parts,
  input: RevertInput,
  { after, files, problem }: Seen,
): Promise<{ readonly sql: SqlBack; readonly observed: Observed }> {
  let observed: Observed = { after, files, problem };
  const live = after ?? (await look(parts.sql, parts.digest, 'open').catch(() => null))?.captured ?? null;
  const sql = await revertSql(parts, input, live, async () => (observed = await observe(parts, input)).after);
  return { sql, observed };
}

function runningDifferently(before: Captured, change: Captured | null, { after }: Seen): readonly string[] {
  if (before.snapshot === null || after === null || after.snapshot === null) return [];
  const scope = settingsInScope(before, change, after.snapshot);
  return restartNeededFor(before.snapshot.sections.settings, after.snapshot.sections.settings, scope);
}

async function proveWitnesses(
  parts: Parts,
  { before, witnesses }: RevertInput,
  answers: readonly StartupAnswer[] | null,
  isLoaded: () => boolean,
): Promise<readonly WitnessProof[]> {
  const postmaster = await findPostmaster(before.facts.dataDirectory);
  const patienceMs = (): number => (isLoaded() ? racePatienceMs : proofTimeoutMs);
  return Promise.all(
    witnesses.map((witness, i) =>
      proveWitness(witness, answers?.[i] ?? null, () => askWitness(witness, parts.endpoint, postmaster), patienceMs),
    ),
  );
}
