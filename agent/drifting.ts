/** Compares the configuration as it is with the known-good one. Reads the target only, and binds nothing to a change. */
import { parseAsked } from '../domain/access/asked.schema.ts';
import type { Asked } from '../domain/access/impact.ts';
import type { AgentActivities } from '../domain/agent-steps.ts';
import { dependentsOf, fitImpact } from '../domain/drift/affected.ts';
import type { Connected, Drift, DriftItem, DriftLook, DriftQuestion, Reappeared } from '../domain/drift/drift.ts';
import { forceOf, type Loaded, loadedOf, notInForce } from '../domain/drift/force.ts';
import { asLeftBy, driftAmong, fingerprintOf } from '../domain/drift/items.ts';
import { shorten } from '../domain/markdown.ts';
import { unifiedDiff } from '../domain/plan/unified-diff.ts';
import { type Problem, fitForHistory } from '../domain/problem.ts';
import { diffSnapshots } from '../domain/snapshot/diff.ts';
import type { DiffItem } from '../domain/snapshot/diff-item.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Captured, Looked } from '../targets/target.ts';
import { AgentError, problemsOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { busyAnswer, refused } from './answers.ts';
import { askedWith } from './asked.ts';
import { checkCaller } from './caller.ts';
import { fromStore } from './from-store.ts';
import { isOpenChange } from './state-folder.ts';

type Input = Parameters<AgentActivities['drift']>[0];

/** A payload over 64 KiB is a bug. */
const mostItems = 50;
const longestSummary = 300;
const mostConnected = 20;
const mostDirty = 10;
const mostReappeared = 20;

export function createDrifting(parts: AgentParts): Pick<AgentActivities, 'drift'> {
  const bodyOf = bodies(parts);
  // While something drifts, every look compares with the same.
  const knownGood = remembered(bodyOf);
  let last: { readonly of: string; readonly reappeared: readonly Reappeared[] } | null = null;
  let loaded: Loaded | null = null;
  async function again(drift: readonly DriftItem[], fingerprint: string, input: Input, live: Snapshot) {
    const of = [fingerprint, ...input.reverted.map(({ snapshotId }) => snapshotId)].join();
    if (last?.of !== of) last = { of, reappeared: await reappearedOf(bodyOf, input.reverted, drift, live) };
    return last.reappeared;
  }
  return {
    async drift(input): Promise<DriftLook> {
      checkCaller(parts, input);
      const busy = openChange(parts);
      if (busy !== null) return busy;
      if (parts.store === null) return refused([noStore(input.target)]);
      const declared = parseAsked(input.access);
      if (declared === null || !isQuestion(input)) return refused([badQuestion]);
      const identified = await parts.target.identify();
      if (identified.kind === 'refused') return refused(identified.problems);
      const seen = await parts.target.look().catch(tornOf);
      if ('code' in seen) return refused([seen]);
      const { snapshot } = seen.captured;
      if (snapshot === null) return refused([{ code: 'sql-silent', message: `${input.target} does not answer SQL` }]);
      loaded = loadedOf(snapshot, seen.facts, loaded);
      const at = parts.clock.now().wallMs;
      const clean = { kind: 'clean', snapshotId: snapshot.id, at } as const;
      // One that began meanwhile may have written already.
      const begun = openChange(parts);
      if (begun !== null) return begun;
      const hidden = notInForce(snapshot, seen.facts, loaded);
      if (snapshot.id === input.knownGoodId && hidden.length === 0) return { ...clean, schemaItems: 0 };
      const known = await knownGood(input.knownGoodId);
      if ('code' in known) return refused([known]);
      const { drift, schemaItems, beside } = differences(known.captured.snapshot, snapshot, input, {
        ...seen,
        loaded,
        hidden,
      });
      if (drift.length === 0) {
        if (input.keep) await store(parts, snapshot, seen.captured);
        return { ...clean, schemaItems };
      }
      const fingerprint = fingerprintOf(drift, snapshot);
      const isStored = snapshot.id === input.knownGoodId || (!input.keep && fingerprint === input.known);
      if (!isStored) await store(parts, snapshot, seen.captured);
      const asked = await askedWith(parts, input.access, snapshot);
      const impact = parts.target.accessOnceLoaded(known.captured, seen, asked);
      return {
        kind: 'drifted',
        snapshotId: snapshot.id,
        knownGoodId: input.knownGoodId,
        fingerprint,
        at,
        items: drift.slice(0, mostItems).map((item) => ({ ...item, summary: shorten(item.summary, longestSummary) })),
        moreItems: Math.max(0, drift.length - mostItems),
        schemaItems,
        diff: unifiedDiff(textChanges(known.captured.snapshot, snapshot)),
        access: impact === null ? null : fitImpact(impact),
        ...connectedOf(seen, input.access, impact),
        dirty: fitForHistory(seen.captured.dirty.slice(0, mostDirty)),
        reappeared: await again(
          drift.filter(({ key }) => !beside.has(key)),
          fingerprint,
          input,
          snapshot,
        ),
        loadedAt: seen.facts.loadedAt,
      };
    },
  };
}

function openChange({ state }: AgentParts): ReturnType<typeof busyAnswer> | null {
  const journal = state.journal.read();
  return isOpenChange(state, journal) ? busyAnswer(journal) : null;
}

function differences(
  known: Snapshot | null,
  live: Snapshot,
  { ignore }: Pick<DriftQuestion, 'ignore'>,
  { facts, loaded, hidden }: Looked & { readonly loaded: Loaded; readonly hidden: readonly DiffItem[] },
): {
  readonly drift: readonly DriftItem[];
  readonly schemaItems: number;
  /** Keys of what is known-good on the disk, and not what the server runs. */
  readonly beside: ReadonlySet<string>;
} {
  if (known === null) return { drift: [], schemaItems: 0, beside: new Set() };
  const differs = diffSnapshots(known, live);
  const beside = hidden.filter(({ key }) => !differs.some((item) => item.key === key));
  const { drift, schemaItems } = driftAmong([...differs, ...beside], ignore);
  const roles = new Map(
    [...known.sections.files, ...live.sections.files]
      .filter(({ role }) => role !== 'missing-include')
      .map(({ path, role }) => [path, role]),
  );
  const items = drift.map((item): DriftItem => {
    const force = forceOf(item, live, facts, loaded);
    if (item.section !== 'files') return { ...item, force };
    const path = item.key.slice(item.key.indexOf(':') + 1);
    const changedAt = facts.changedAt[path];
    const role = roles.get(path);
    return {
      ...item,
      force,
      ...(changedAt === undefined ? {} : { changedAt }),
      ...(role === undefined ? {} : { role }),
    };
  });
  return { drift: items, schemaItems, beside: new Set(beside.map(({ key }) => key)) };
}

/** Of what is text: secrets are fingerprints in it. */
function textChanges(known: Snapshot | null, live: Snapshot): Parameters<typeof unifiedDiff>[0] {
  const [was, is] = [known?.sections.files ?? [], live.sections.files];
  const textOf = (files: typeof is, path: string): string | null =>
    files.find((file) => file.path === path && file.role !== 'missing-include')?.text ?? null;
  return [...new Set([...was, ...is].map(({ path }) => path))]
    .sort()
    .map((path) => ({ path, before: textOf(was, path), after: textOf(is, path) }));
}

/** Whoever loses access first, then those with most sessions. */
function connectedOf(
  { sessions }: Looked,
  declared: readonly Asked[],
  impact: Drift['access'],
): Pick<Drift, 'connected' | 'moreConnected'> {
  const hit = new Set(
    [...(impact?.lost ?? []), ...(impact?.unknown ?? [])].map(({ user, database }) => `${user} ${database}`),
  );
  const all = sessions
    .map((one): Connected => ({ ...one, dependents: dependentsOf(one, declared) }))
    .toSorted((a, b) => Number(hit.has(`${b.user} ${b.database}`)) - Number(hit.has(`${a.user} ${a.database}`)));
  return { connected: all.slice(0, mostConnected), moreConnected: Math.max(0, all.length - mostConnected) };
}

type Bodies = (id: string) => Promise<{ readonly captured: Captured } | Problem>;

/** The last one is kept. */
function remembered(bodyOf: Bodies): Bodies {
  let last: { readonly id: string; readonly captured: Captured } | null = null;
  return async (id) => {
    if (last?.id === id) return last;
    const body = await bodyOf(id);
    if (!('code' in body)) last = { id, captured: body.captured };
    return body;
  };
}

function bodies(parts: AgentParts): Bodies {
  return async (id) => {
    const sealed = await fromStore(parts, (it) => it.sealedBody(id));
    if (sealed === null) return unknown(id);
    try {
      return { captured: parts.state.bodies.open(sealed) };
    } catch (error) {
      if (!(error instanceof AgentError) || error.problem.code !== 'cannot-unseal') throw error;
      return otherKey(id);
    }
  };
}

async function reappearedOf(
  bodyOf: Bodies,
  reverted: DriftQuestion['reverted'],
  drift: readonly DriftItem[],
  live: Snapshot,
): Promise<readonly Reappeared[]> {
  const found: Reappeared[] = [];
  for (const { changeId, snapshotId, revertedAt } of reverted) {
    const body = await bodyOf(snapshotId);
    if ('code' in body || body.captured.snapshot === null) continue;
    const items = asLeftBy(drift, diffSnapshots(body.captured.snapshot, live));
    if (items.length > 0) found.push({ changeId, revertedAt, items: items.slice(0, mostReappeared) });
  }
  return found;
}

/** Sealed like every other: it may become known-good, and is compared with by people. */
async function store(parts: AgentParts, snapshot: Snapshot, captured: Captured): Promise<void> {
  const sealed = parts.state.bodies.seal(captured);
  await fromStore(parts, (it) => it.putSnapshot(parts.config.target, snapshot, sealed, null));
}

/** Somebody is at work: the next look sees what came of it. */
function tornOf(error: unknown): Problem {
  const torn = problemsOf(error, 'snapshot-failed').find(({ code }) => code === 'torn-reading');
  if (torn === undefined) throw error;
  return torn;
}

function isQuestion({ knownGoodId, ignore, reverted }: Input): boolean {
  return (
    typeof knownGoodId === 'string' &&
    Array.isArray(ignore) &&
    ignore.every((one) => typeof one === 'string') &&
    Array.isArray(reverted)
  );
}

const badQuestion: Problem = {
  code: 'invalid-value',
  message: 'the look is not asked for in a form that the agent knows',
  hint: 'Let "knowngood drift" ask.',
};

function noStore(target: string): Problem {
  return {
    code: 'no-store',
    message: `the agent of ${target} has no store`,
    detail: 'What is known-good is kept there.',
    hint: 'Set store.connection in agent.yaml.',
  };
}

function unknown(id: string): Problem {
  return {
    code: 'unknown-snapshot',
    message: `the store does not have snapshot ${id.slice(0, 12)}, which is known-good`,
  };
}

function otherKey(id: string): Problem {
  return {
    code: 'other-key',
    message: `known-good snapshot ${id.slice(0, 12)} cannot be opened by this agent`,
    detail: 'It was sealed with another key.',
    hint: 'Keep a guarded change, or put the old key file back.',
  };
}
