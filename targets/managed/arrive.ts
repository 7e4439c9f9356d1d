/** How what is declared arrives: each member takes it by itself, and is restarted through its owner, in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Edit, missingFrom } from '../../domain/managed/document.ts';
import { type RestartOrder, restartRounds } from '../../domain/managed/restart-order.ts';
import type { Problem } from '../../domain/problem.ts';
import { awaitAnswer } from '../postgres/accepting.ts';
import { TargetError, messageOf } from '../postgres/target-error.ts';
import type { Fence, Say } from '../target.ts';
import type { Member } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';

const pollMs = 250;
/** A restarted server recovers first. */
const backTimeoutMs = 120_000;
/** How long a standby may take to replay what its primary wrote before it may go lower. */
const replayTimeoutMs = 60_000;

export interface Awaited {
  readonly edits: readonly Pick<Edit, 'path' | 'to'>[];
  /** Members that must take it even if the owner does not see them now. */
  readonly names: readonly string[];
  readonly timeoutMs: number;
}

/** Why a member has not, by its name; empty: all have. */
export type Untaken = ReadonlyMap<string, Problem>;

/** Until each has taken it. */
export async function awaitTaken(parts: ManagedParts, awaited: Awaited): Promise<Untaken> {
  const until = Date.now() + awaited.timeoutMs;
  for (;;) {
    const missing = await untaken(parts, awaited);
    // One that is away does not come back sooner for being waited for; those that are there are.
    const isWaitedFor = [...missing.values()].some(({ code }) => code !== 'member-away');
    if (!isWaitedFor || Date.now() >= until) return missing;
    await sleep(pollMs);
  }
}

async function untaken(parts: ManagedParts, { edits, names }: Awaited): Promise<Untaken> {
  const { members } = await parts.owner.members();
  const all = [...new Set([...names, ...members.map(({ name }) => name)])].sort();
  const asked = all.map(async (name): Promise<Problem | null> => {
    const member = members.find((one) => one.name === name);
    if (member === undefined || !member.reached) return away(parts, name, member);
    try {
      const taken = await parts.on(member).sql.any((session) => parts.owner.taken(session));
      return taken !== null && missingFrom(taken, edits).length === 0 ? null : behind(parts, name);
    } catch (error) {
      return unseen(name, messageOf(error));
    }
  });
  const problems = await Promise.all(asked);
  return new Map(
    all.flatMap((name, at): [string, Problem][] => {
      const problem = problems[at] ?? null;
      return problem === null ? [] : [[name, problem]];
    }),
  );
}

function away({ owner }: ManagedParts, name: string, member: Member | undefined): Problem {
  return {
    code: 'member-away',
    message: `member ${name} has not been seen with the declared configuration`,
    detail: member === undefined ? `${owner.title} does not see it now.` : `It is ${member.state}.`,
    hint: `It takes the configuration from ${owner.title} when it is back; then this ends by itself. If it is gone for good, abandon the revert.`,
  };
}

function behind({ owner }: ManagedParts, name: string): Problem {
  const hint = `See the log of ${owner.title} on that member.`;
  return { code: 'member-behind', message: `member ${name} has not taken the declared configuration yet`, hint };
}

export function unseen(name: string, detail: string): Problem {
  return { code: 'member-unseen', message: `member ${name} cannot be asked what it runs with`, detail };
}

export interface Restarting {
  readonly order: RestartOrder;
  /** Settings for which a member is restarted; others that wait are left to wait. */
  readonly scope: ReadonlySet<string>;
  readonly fence: Fence;
  readonly say: Say;
}

/** Restarts those that wait for it. Answers whom it has restarted, and throws a TargetError at the first that fails. */
export async function restartMembers(parts: ManagedParts, restarting: Restarting): Promise<readonly string[]> {
  const { order, scope, fence, say } = restarting;
  const restarted: string[] = [];
  for (const round of restartRounds(order)) {
    const seen = await parts.owner.members();
    const due = seen.members.filter(
      (member) => member.reached && waits(member, scope) && (round === 'leader') === (member.role === 'leader'),
    );
    for (const member of due) {
      if (member.role === 'standby') await awaitReplayed(parts, member);
      await fence();
      say(`restarting member ${member.name} (${member.role})`);
      await parts.owner.restart(member);
      await awaitBack(parts, member);
      restarted.push(member.name);
    }
  }
  return restarted;
}

export function waits({ waiting }: Member, scope: ReadonlySet<string>): boolean {
  return waiting !== null && scope.size > 0 && (waiting.length === 0 || waiting.some((name) => scope.has(name)));
}

/** A standby that has less than what it still replays would not start again. */
async function awaitReplayed(parts: ManagedParts, standby: Member): Promise<void> {
  const leader = leaderOf(await parts.owner.members(), parts.owner);
  const [at] = await parts
    .on(leader)
    .sql.any((session) => session.rows<{ lsn: string }>('select pg_catalog.pg_current_wal_lsn()::text as lsn'));
  const until = Date.now() + replayTimeoutMs;
  for (;;) {
    const [row] = await parts
      .on(standby)
      .sql.any((session) =>
        session.rows<{ done: boolean }>(
          'select coalesce(pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_lsn, true) as done',
          [at?.lsn],
        ),
      );
    if (row?.done !== false) return;
    if (Date.now() >= until)
      throw notBack(standby.name, 'It has not replayed what its primary wrote before, so it is not restarted.');
    await sleep(pollMs);
  }
}

async function awaitBack(parts: ManagedParts, { name }: Member): Promise<void> {
  const until = Date.now() + backTimeoutMs;
  for (;;) {
    const { members } = await parts.owner.members();
    const member = members.find((one) => one.name === name);
    if (member?.reached && (await awaitAnswer(parts.on(member).endpoint, 0)) !== null) return;
    if (Date.now() >= until) throw notBack(name, `It is ${member?.state ?? 'not seen'}.`);
    await sleep(pollMs);
  }
}

function notBack(name: string, detail: string): TargetError {
  return new TargetError('NotApplied', [
    { code: 'not-accepting', message: `member ${name} is not back after its restart`, detail },
  ]);
}
