/**
 * One look at a target for drift, as the Schedule `knowngood-drift:<target>` has it done:
 *
 *   1 what is known-good, and who must get in    (store, knowngood.yaml)
 *   2 what differs from it now                   (agent, reads only)
 *   3 remembered, and told to people: once, again when it changes, once a day while it stays, and when it is gone
 */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { DriftTerms } from '../activities/drift-contract.ts';
import { driftDetails, lookedDetails } from '../domain/drift/details.ts';
import type { Drift, DriftLook } from '../domain/drift/drift.ts';
import { driftNotice, goneNotice, isHarmless, type Told } from '../domain/drift/notice.ts';
import { isFailedLook, looksNotice } from '../domain/drift/looks.ts';
import { itemsSince, type Seen } from '../domain/drift/since.ts';
import type { RememberedDrift, Telling } from '../domain/drift/telling.ts';
import type { Notice } from '../domain/notify/notice.ts';
import type { Problem } from '../domain/problem.ts';
import { formProblem } from '../domain/request-form.ts';
import { looking } from './drift-steps.ts';
import { problemOf } from './ending.ts';
import { orchestrator } from './steps.ts';
import { tellDrift } from './tell-drift.ts';

export interface DriftWatched {
  readonly target: string;
  /** `not-looked`: a change is open, nothing is known-good yet, or nobody could look. */
  readonly kind: 'clean' | 'drifted' | 'not-looked';
  /** One plain sentence. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  /** What people were told by this look. */
  readonly told: readonly Notice[];
}

/** As people ask for it by hand: everything that was seen. */
export type DriftFound =
  | {
      readonly kind: 'clean';
      readonly snapshotId: string;
      readonly knownGoodAt: number | null;
      readonly schemaItems: number;
    }
  | { readonly kind: 'drifted'; readonly drift: Drift; readonly seen: Seen }
  | NotLooked;

interface NotLooked {
  readonly kind: 'not-looked';
  readonly problems: readonly Problem[];
}

type Compared =
  | {
      readonly kind: 'compared';
      readonly terms: DriftTerms;
      readonly look: Extract<DriftLook, { kind: 'clean' | 'drifted' }>;
    }
  | NotLooked;

export async function watchDrift(request: { target: string }): Promise<DriftWatched> {
  const { target } = request;
  const compared = await compare(request);
  if (compared.kind === 'not-looked') {
    const { problems } = compared;
    const summary = problems[0]?.message ?? 'nobody could look';
    setCurrentDetails(lookedDetails(target, summary, problems));
    return { target, kind: 'not-looked', summary, problems, told: await tellMissed(target, problems) };
  }
  const { terms, look } = compared;
  const told: Notice[] = [];
  const { remembered, telling, acceptedBy, toldOfFailing } = await orchestrator('remember what was seen').driftSeen({
    target,
    seen:
      look.kind === 'clean'
        ? null
        : {
            fingerprint: look.fingerprint,
            knownGoodId: look.knownGoodId,
            snapshotId: look.snapshotId,
            items: look.items.map(({ key }) => key),
          },
    at: look.at,
    knownGoodAt: terms.knownGoodAt,
  });
  const summary = look.kind === 'clean' ? 'no drift: the configuration is the known-good one' : sentenceOf(look);
  setCurrentDetails(
    look.kind === 'drifted' && remembered !== null
      ? driftDetails(target, look, remembered)
      : lookedDetails(target, summary),
  );
  if (telling !== null && remembered !== null) {
    const notice = noticeOf({ look, remembered, telling, acceptedBy });
    if (notice !== null) {
      told.push(notice);
      const ringing = await tellDrift(notice, {
        ringing: remembered.ringing,
        drift: remembered,
        isHarmless: look.kind === 'drifted' && isHarmless(look),
      });
      await orchestrator('remember that people were told').driftTold({
        remembered,
        at: Date.now(),
        ringing,
        dependents: notice.dependents,
      });
    }
  }
  if (toldOfFailing !== null) {
    const known = { telling: 'again', since: toldOfFailing, now: Date.now(), problems: [] } as const;
    told.push(await tellLooks(looksNotice(target, known, here()), null));
  }
  return { target, kind: look.kind, summary, problems: [], told };
}

/** Once in a while somebody must hear that nobody knows. */
async function tellMissed(target: string, problems: readonly Problem[]): Promise<readonly Notice[]> {
  if (!isFailedLook(problems)) return [];
  const now = Date.now();
  const missed = await orchestrator('remember that nobody could look')
    .driftMissed({ target, at: now })
    // The store is what is away: the next look remembers it.
    .catch(() => null);
  if (missed === null) return [];
  return [await tellLooks(looksNotice(target, { telling: 'failing', ...missed, now, problems }, here()), now)];
}

async function tellLooks(notice: Notice, at: number | null): Promise<Notice> {
  await tellDrift(notice);
  await orchestrator('remember that people were told').driftLooksTold({ target: notice.target, at });
  return notice;
}

function here(): Told {
  const { workflowId, runId } = workflowInfo();
  return { workflowId, runId };
}

interface ToTell {
  readonly look: Extract<DriftLook, { kind: 'clean' | 'drifted' }>;
  readonly remembered: RememberedDrift;
  readonly telling: Telling;
  readonly acceptedBy: string | null;
}

function noticeOf({ look, remembered, telling, acceptedBy }: ToTell): Notice | null {
  if (telling === 'gone') return goneNotice(remembered, acceptedBy, here());
  return look.kind === 'drifted' ? driftNotice(look, remembered, telling, here()) : null;
}

/** The same look by hand: nothing is remembered, and nobody is told. */
export async function lookForDrift(request: { target: string }): Promise<DriftFound> {
  const compared = await compare(request);
  if (compared.kind === 'not-looked') {
    setCurrentDetails(lookedDetails(request.target, compared.problems[0]?.message ?? '', compared.problems));
    return compared;
  }
  const { look, terms } = compared;
  const { knownGoodAt, remembered } = terms;
  if (look.kind === 'clean') {
    setCurrentDetails(lookedDetails(request.target, 'no drift: the configuration is the known-good one'));
    return { kind: 'clean', snapshotId: look.snapshotId, knownGoodAt, schemaItems: look.schemaItems };
  }
  const seen = remembered?.fingerprint === look.fingerprint ? seenOf(remembered) : seenNow(look, terms);
  setCurrentDetails(driftDetails(request.target, look, seen));
  return { kind: 'drifted', drift: look, seen };
}

function seenOf({ notBefore, firstSeen, items }: RememberedDrift): Seen {
  return { notBefore, firstSeen, ...(items === undefined ? {} : { items }) };
}

/** As the store would remember it. */
function seenNow({ at, items }: Drift, { remembered, cleanAt, knownGoodAt }: DriftTerms): Seen {
  const notBefore = remembered?.lastSeen ?? Math.max(cleanAt ?? 0, knownGoodAt ?? 0);
  const own = { notBefore: notBefore === 0 ? null : notBefore, firstSeen: at };
  const keys = items.map(({ key }) => key);
  return { ...own, items: itemsSince(keys, remembered?.items, own) };
}

async function compare(request: { target: string }): Promise<Compared> {
  const no = (problems: readonly Problem[]): NotLooked => ({ kind: 'not-looked', problems });
  const wrong = formProblem(request, ['target']);
  if (wrong) return no([wrong]);
  const { target } = request;
  try {
    const terms = await orchestrator('what is known-good, and who must get in').driftTerms({ target });
    if (terms.kind === 'refused') return no(terms.problems);
    const { question, access, remembered } = terms;
    if (question === null) return no([noKnownGood(target)]);
    const { runId } = workflowInfo();
    const known = remembered?.fingerprint ?? null;
    const caller = { target, changeId: 'look', runId };
    const look = await looking(target).drift({ ...caller, ...question, access, known, keep: false });
    if (look.kind === 'busy') return no([openChange(target, look.holder)]);
    return look.kind === 'refused' ? no(look.problems) : { kind: 'compared', terms, look };
  } catch (error) {
    return no([awayOr(target, problemOf(error))]);
  }
}

export function noKnownGood(target: string): Problem {
  return {
    code: 'no-known-good',
    message: `target ${target} has no known-good snapshot yet`,
    detail: 'There is nothing to compare it with.',
    hint: `Keep a guarded change, or run: knowngood drift accept ${target} --reason "…".`,
  };
}

export function openChange(target: string, holder: { readonly changeId: string; readonly phase: string }): Problem {
  return {
    code: 'target-busy',
    message: `change ${holder.changeId} is open on ${target}, in phase ${holder.phase}`,
    detail: 'What it does is watched by itself, and is no drift.',
    hint: `See knowngood status ${target}.`,
  };
}

export function awayOr(target: string, problem: Problem): Problem {
  if (problem.code !== 'no-worker') return problem;
  return {
    code: 'no-agent',
    message: `no agent answers for target ${target}`,
    detail: 'Whether it drifts is not known.',
    hint: 'Start it on the database host: knowngood agent --agent-config /etc/knowngood/agent.yaml.',
  };
}

function sentenceOf({ items, moreItems }: Drift): string {
  const count = items.length + moreItems;
  return `${count === 1 ? 'one item differs' : `${count} items differ`} from the known-good configuration`;
}
