/**
 * Takes a change of a managed target back: one write to the owner of what the change had declared, whichever member leads
 * by now; then it waits until every member has it, restores by SQL, and restarts last. A retry ends the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { missingFrom, pathText } from '../../domain/managed/document.ts';
import { restartOrder } from '../../domain/managed/restart-order.ts';
import { type Decision, editsOf } from '../../domain/managed/three-way.ts';
import type { Problem } from '../../domain/problem.ts';
import { settingsInScope } from '../postgres/revert-plan.ts';
import { type SqlBack, nothingBack, revertSql } from '../postgres/revert-sql.ts';
import type { StartupAnswer } from '../postgres/startup-message.ts';
import { TargetError } from '../postgres/target-error.ts';
import { type WitnessProof, askWitness, proveWitness } from '../postgres/witness.ts';
import type { Captured, RevertReport, Target } from '../target.ts';
import { notDeclared, paused } from './apply.ts';
import { awaitTaken, restartMembers, waits } from './arrive.ts';
import { lookManaged } from './capture.ts';
import { checkOwned } from './identity.ts';
import { movedSettings } from './moved.ts';
import type { Members } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { managedOf } from './context.ts';
import { decisionsOf, itemsOf } from './revert-plan.ts';
import { type Proof, membersProof } from './revert-proof.ts';

type RevertInput = Parameters<Target['revert']>[0];

/** A question before the write must not hold it up. */
const beforeWaitMs = 250;
const proofTimeoutMs = 5_000;
const pollMs = 500;
/** What has not come by then is set by somebody else. */
const loadMs = 60_000;

export async function revertManaged(parts: ManagedParts, input: RevertInput): Promise<RevertReport> {
  const { before, change, fence, say } = input;
  const { owner } = parts;
  const owned = await owner.read();
  checkOwned(owned, before.facts);
  const asked = await Promise.race([askAll(parts, input, owned), sleep(beforeWaitMs, null)]);
  const { decisions, held } = decisionsOf(parts, before, change, owned, input);
  const edits = editsOf(decisions);
  let { document } = owned;
  if (edits.length > 0) {
    say(`declaring ${edits.map(({ path }) => pathText(path)).join(', ')} to ${owner.title} as before`);
    await fence();
    document = await owner.write(edits);
  }
  input.filesBack?.();
  const names = [...new Set([before, change ?? before].flatMap((one) => Object.keys(managedOf(one).members)))].sort();
  say('waiting until every member has taken it');
  const arrival = await awaitTaken(parts, { edits: decisions, names, timeoutMs: owned.arrivalMs });

  let seen = await see(parts);
  const { sql, after } = await restoreSql(parts, input, seen.after);
  seen = { ...seen, ...(after === null ? {} : { after }) };
  const scope = scopeOf(parts, before, change, decisions, seen.after);
  const proven = async ({ after: now }: Seen): Promise<Proof> => {
    const waiting = new Set((await owner.members()).members.flatMap((one) => (waits(one, scope) ? [one.name] : [])));
    return membersProof(parts, { before, change, decisions, scope, names, arrival, waiting, seen: now });
  };
  const unloaded = await loadAgain(parts, input, await proven(seen), Math.min(owned.arrivalMs, loadMs), async () => {
    seen = await see(parts);
    return proven(seen);
  });
  const { restarted, problems } = await restart(parts, input, scope);
  if (restarted || sql.wrote) seen = await see(parts);
  const witnesses = await prove(parts, input, asked);
  const proof = await proven(seen);
  const missing = missingFrom(document, decisions).map(pathText);
  return {
    items: [...itemsOf(parts, before, decisions), ...sql.items],
    conflicts: [
      ...decisions
        .filter(({ decision }) => decision === 'conflict-restored')
        .map(({ path, note = 'somebody else changed it too' }) => `${pathText(path)}: ${note}`),
      ...sql.conflicts,
    ],
    remaining: [
      ...missing.map(notDeclared),
      ...arrival.values(),
      ...(seen.problem === null ? [] : [seen.problem]),
      ...unloaded,
      ...problems,
      ...proof.remaining,
      ...sql.remaining,
    ],
    held: [...held, ...sql.held],
    proof: [
      ...(decisions.length === 0 || missing.length > 0
        ? []
        : [
            `${owner.title}: ${decisions.length} of ${decisions.length} keys are declared as they should be, read back`,
          ]),
      ...proof.lines,
      ...sql.proof,
      ...witnesses.map(({ line }) => line),
    ],
    acceptingAt: seen.after === null ? null : Date.now(),
    restarted,
    after: seen.after,
  };
}

interface Seen {
  readonly after: Captured | null;
  /** Why there is no `after`. */
  readonly problem: Problem | null;
}

async function see(parts: ManagedParts): Promise<Seen> {
  try {
    return { after: (await lookManaged(parts)).captured, problem: null };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const { message, detail, hint } = error.problem;
    const problem = {
      code: 'not-proven',
      message: 'the restored configuration could not be seen on a new connection',
      detail: [message, detail].filter(Boolean).join(': '),
      ...(hint === undefined ? {} : { hint }),
    };
    return { after: null, problem };
  }
}

/** By the primary of now: what it writes, its standbys replay. */
async function restoreSql(
  parts: ManagedParts,
  { before, change, neverReopen, fence, say }: RevertInput,
  live: Captured | null,
): Promise<{ readonly sql: SqlBack; readonly after: Captured | null }> {
  if (live === null) return { sql: nothingBack, after: null };
  const leader = parts.on(leaderOf(await parts.owner.members(), parts.owner));
  // SQL is written through a session that is in the place of the capture: that of the member that leads now.
  const facts = { ...before.facts, dataDirectory: managedOf(live).leader.dataDirectory };
  let after: Captured | null = null;
  const back = {
    before: { ...before, facts },
    change,
    fence,
    say,
    ...(neverReopen === undefined ? {} : { neverReopen }),
  };
  const sql = await revertSql(leader, back, live, async () => {
    ({ after } = await see(parts));
    return after;
  });
  return { sql, after };
}

/**
 * Names of settings, as PostgreSQL spells them. C unknown: those that some member has different, for what an earlier attempt has
 * declared already is no decision any more, and need not be in force.
 */
function scopeOf(
  { owner }: ManagedParts,
  before: Captured,
  change: Captured | null,
  decisions: readonly Decision[],
  live: Captured | null,
): ReadonlySet<string> {
  const { parameters } = owner.places;
  const declared = decisions
    .filter(({ path }) => parameters.every((key, at) => key === path[at]))
    .map(({ path }) => path[parameters.length] ?? '');
  const spelled = new Map(Object.keys(before.facts.contexts).map((name) => [name.toLowerCase(), name]));
  const names = declared.map((name) => spelled.get(name.toLowerCase()) ?? name);
  if (change !== null) return new Set([...names, ...settingsInScope(before, change, null)]);
  return new Set([...names, ...(live === null ? [] : differingSettings(before, live))]);
}

function differingSettings(before: Captured, live: Captured): readonly string[] {
  const { members } = managedOf(live);
  return Object.entries(managedOf(before).members).flatMap(([name, { settings: was }]) => {
    const is = members[name]?.settings ?? was;
    return Object.keys({ ...was, ...is }).filter((setting) => was[setting] !== is[setting]);
  });
}

/** Members that have the document and run otherwise are told to load it, or waited for. Answers whom the owner did not tell. */
async function loadAgain(
  { owner }: ManagedParts,
  { fence, say }: RevertInput,
  first: Proof,
  timeoutMs: number,
  again: () => Promise<Proof>,
): Promise<readonly Problem[]> {
  if (first.unloaded.length === 0) return [];
  const { members } = await owner.members();
  const problems: Problem[] = [];
  const told = owner.reload === undefined ? [] : members.filter(({ name }) => first.unloaded.includes(name));
  for (const member of told) {
    await fence();
    say(`telling member ${member.name} to load its configuration again`);
    await owner.reload?.(member).catch((error: unknown) => {
      if (!(error instanceof TargetError)) throw error;
      problems.push(...error.problems);
    });
  }
  for (const until = Date.now() + timeoutMs; problems.length === 0 && Date.now() < until;) {
    if ((await again()).unloaded.length === 0) break;
    await sleep(pollMs);
  }
  return problems;
}

async function restart(
  parts: ManagedParts,
  { before, mayRestart, fence, say }: RevertInput,
  settings: ReadonlySet<string>,
): Promise<{ readonly restarted: boolean; readonly problems: readonly Problem[] }> {
  const none = { restarted: false, problems: [] };
  const scope = new Set([...settings].filter((name) => before.facts.contexts[name] === 'postmaster'));
  const owned = await parts.owner.read();
  if (!owned.members.some((member) => member.reached && waits(member, scope))) return none;
  // Whoever waits is named by the proof.
  if (!mayRestart) return none;
  if (owned.paused) return { restarted: false, problems: [paused(parts)] };
  try {
    const moved = (await movedSettings(parts, owned)).filter(({ name }) => scope.has(name));
    const restarted = await restartMembers(parts, { order: restartOrder(moved), scope, fence, say });
    return { restarted: restarted.length > 0, problems: [] };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { restarted: true, problems: error.problems };
  }
}

async function askAll(
  parts: ManagedParts,
  { witnesses }: RevertInput,
  members: Members,
): Promise<readonly StartupAnswer[] | null> {
  const leader = members.members.find(({ role }) => role === 'leader');
  if (leader === undefined) return null;
  return Promise.all(witnesses.map((witness) => askWitness(witness, parts.on(leader).endpoint, null)));
}

async function prove(
  parts: ManagedParts,
  { witnesses }: RevertInput,
  before: readonly StartupAnswer[] | null,
): Promise<readonly WitnessProof[]> {
  const { members } = await parts.owner.members();
  const leader = members.find(({ role }) => role === 'leader');
  if (leader === undefined) return [];
  const { endpoint } = parts.on(leader);
  return Promise.all(
    witnesses.map((witness, at) =>
      proveWitness(
        witness,
        before?.[at] ?? null,
        () => askWitness(witness, endpoint, null),
        () => proofTimeoutMs,
      ),
    ),
  );
}
