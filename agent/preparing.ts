/** Steps before the first write: take the candidate S and plan the change. Neither touches the target. */
import type { Asked } from '../domain/access/impact.ts';
import type { AgentActivities, Caller, Snapshotted } from '../domain/agent-steps.ts';
import type { Change, ConfigChange, RestoreEntry } from '../domain/change.ts';
import type { NamedCommand } from '../domain/config.ts';
import type { NeverReopen } from '../domain/never-reopen.ts';
import { hashOf } from '../domain/snapshot/hash.ts';
import type { PlanSummary } from '../domain/plan.ts';
import { greatestRisk, newServerStays, restartReason, unseenReason } from '../domain/plan/risk.ts';
import type { Problem } from '../domain/problem.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Captured } from '../targets/target.ts';
import { AgentError, problemsOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { busyAnswer, closedAnswer, refused } from './answers.ts';
import type { Candidates } from './candidates.ts';
import { askedWith } from './asked.ts';
import { checkCaller, gateFor } from './caller.ts';
import { fromStore } from './from-store.ts';
import { neverReopened } from './held-back.ts';
import { upgradeWarnings } from './upgrade.ts';

export interface Preparing extends Pick<AgentActivities, 'snapshot' | 'plan'> {}

export function createPreparing(parts: AgentParts, candidates: Candidates): Preparing {
  return {
    async snapshot(input) {
      checkCaller(parts, input);
      if (!input.lookOnly) {
        const at = gateFor(parts, parts.state.journal.read(), input);
        if (at.kind === 'closed') return closedAnswer(at.closed);
        if (at.kind === 'busy') return busyAnswer(at.journal);
        if (at.kind !== 'free') return ofOpenChange(parts, at.journal);
      }
      if (parts.store === null) return refused([noStore(input)]);
      const identified = await parts.target.identify();
      if (identified.kind === 'refused') return refused(identified.problems);
      const captured = await parts.target.capture().catch(tornOf);
      if ('code' in captured) return refused([captured]);
      const { snapshot } = captured;
      if (snapshot === null) return refused([sqlSilent(input.target)]);
      const problems = await putInStore(parts, input.lookOnly ? null : input.changeId, snapshot, captured);
      if (problems !== null) return refused(problems);
      candidates.keep(snapshot.id, captured);
      const { version } = snapshot.sections.server;
      return { kind: 'snapshotted', snapshotId: snapshot.id, version, dirty: captured.dirty, journal: null };
    },

    async plan(input) {
      checkCaller(parts, input);
      const { change } = input.request;
      if (change.kind !== 'config') return planUnseen(parts, input.changeId, change);
      const before = await candidates.find(input.snapshotId);
      if (before === null) return refused([unknownSnapshot(input.snapshotId)]);
      const asked = await askedWith(parts, input.access ?? [], before.snapshot);
      const planned =
        change.restore === undefined
          ? await parts.target.plan(before, change, parts.config.allow, asked)
          : await planRestore(parts, before, change, change.restore, asked, input.neverReopen);
      if (planned.kind === 'refused') return refused(planned.problems);
      await parts.state.bodies.putPlan(input.changeId, { snapshotId: input.snapshotId, planned: planned.plan });
      return { kind: 'planned', plan: planned.plan.summary };
    },
  };
}

/** The snapshot to go back to is sealed: only the agent that took it can open it. */
async function planRestore(
  parts: AgentParts,
  before: Captured,
  { restart }: ConfigChange,
  restore: RestoreEntry,
  who: readonly Asked[],
  neverReopen: NeverReopen | undefined,
): ReturnType<AgentParts['target']['planRestore']> {
  const { snapshot: id, since } = restore;
  const body = (of: string) => fromStore(parts, (store) => store.sealedBody(of));
  const sealed = await body(id);
  if (sealed === null) return refused([unknownSnapshot(id)]);
  const after = since === undefined ? null : await body(since);
  // Without it, what others have changed since would go as well.
  if (since !== undefined && after === null) return refused([unknownSnapshot(since)]);
  try {
    const wanted = parts.state.bodies.open(sealed);
    const change = after === null ? null : parts.state.bodies.open(after);
    const asked = { ...restore, ...(restart === undefined ? {} : { restart }) };
    const list = neverReopened(parts.config, neverReopen);
    const as = { allowance: parts.config.allow, asked: who, neverReopen: list, change };
    return await parts.target.planRestore(before, wanted, asked, as);
  } catch (error) {
    if (!(error instanceof AgentError) || error.problem.code !== 'cannot-unseal') throw error;
    return refused([otherKey(id, error.problem)]);
  }
}

function otherKey(id: string, { detail }: Problem): Problem {
  return {
    code: 'other-key',
    message: `snapshot ${id.slice(0, 12)} cannot be opened by this agent`,
    ...(detail === undefined ? {} : { detail }),
    hint: 'Only the agent that took it has its key. "knowngood snapshot show" still tells what it held.',
  };
}

/** Nobody can go back to what was never seen whole; that is for people to look at, not to be tried for ever. */
function tornOf(error: unknown): Problem {
  const torn = problemsOf(error, 'snapshot-failed').find(({ code }) => code === 'torn-reading');
  if (torn === undefined) throw error;
  return torn;
}

/** After a Reset: the S that the journal holds, whatever the configuration is by now. */
async function ofOpenChange(
  { state }: AgentParts,
  journal: { refs: { baseline: string }; snapshotId: string; phase: Snapshotted['journal'] },
): Promise<Snapshotted> {
  const { snapshot } = await state.bodies.captured(journal.refs.baseline);
  const version = snapshot?.sections.server.version ?? '';
  return { kind: 'snapshotted', snapshotId: journal.snapshotId, version, dirty: [], journal: journal.phase };
}

async function putInStore(
  parts: AgentParts,
  changeId: string | null,
  snapshot: Snapshot,
  captured: Captured,
): Promise<readonly Problem[] | null> {
  try {
    const sealed = parts.state.bodies.seal(captured);
    await fromStore(parts, (store) => store.putSnapshot(parts.config.target, snapshot, sealed, changeId));
    return null;
  } catch (error) {
    // A store that is only away may be back at the next try; one that refuses must be mended by a person.
    if (error instanceof AgentError && error.failure === 'StoreUnreachable') throw error;
    return problemsOf(error, 'store-failed');
  }
}

/** What a command or a pipeline will do nobody knows beforehand: the plan says so, and binds its name. */
function planUnseen(
  { config }: AgentParts,
  changeId: string,
  change: Exclude<Change, { kind: 'config' }>,
): { kind: 'planned'; plan: PlanSummary } | ReturnType<typeof refused> {
  const command = change.kind === 'command' ? config.commands[change.name] : undefined;
  if (change.kind === 'command' && command === undefined) return refused([unknownCommand(config, change.name)]);
  const restarts = command?.restarts === true;
  const what = change.kind === 'command' ? `command ${change.name}` : 'a pipeline';
  const stays = command?.upgrade?.onRevert === 'configuration';
  const reasons = [unseenReason(what), ...(restarts ? [restartReason] : []), ...(stays ? [newServerStays] : [])];
  const plan: PlanSummary = {
    hash: hashOf({ changeId, change: command === undefined ? change : { ...change, ...bound(command) } }),
    items: [],
    moreItems: 0,
    effect: restarts ? 'restart' : 'reload',
    risk: greatestRisk(reasons),
    reasons,
    diff: '',
    warnings: [`What ${what} changes is known only afterwards.`, ...upgradeWarnings(command)],
  };
  return { kind: 'planned', plan };
}

/** What an approval is bound to. */
function bound({ run, upgrade }: NamedCommand): Partial<NamedCommand> {
  return { run, ...(upgrade === undefined ? {} : { upgrade }) };
}

export function unknownCommand({ commands, path }: AgentParts['config'], name: string): Problem {
  const names = Object.keys(commands).sort();
  return {
    code: 'unknown-command',
    message: `the agent has no command "${name}"`,
    detail: names.length === 0 ? 'It has none at all.' : `It has: ${names.join(', ')}.`,
    hint: `Name the command under commands in ${path} on the database host.`,
  };
}

export function sqlSilent(target: string): Problem {
  return {
    code: 'sql-silent',
    message: `${target} does not answer the agent's SQL connection`,
    hint: 'Check that the server runs, and that the agent may log in.',
  };
}

function noStore({ target }: Caller): Problem {
  return {
    code: 'no-store',
    message: `the agent of ${target} has no store`,
    detail: 'Without a stored snapshot nothing is changed.',
    hint: 'Set store.connection in agent.yaml.',
  };
}

export function unknownSnapshot(id: string): Problem {
  return {
    code: 'unknown-snapshot',
    message: `snapshot ${id.slice(0, 12)} is known neither to the agent nor to the store`,
    hint: 'Take a new snapshot.',
  };
}
