/** One rollout as its workflow carries it: what is known so far, and how that is made known. */
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { deliveryOf } from '../domain/notify/plan.ts';
import { claimsOf } from '../domain/request-form.ts';
import { type PackedState, unpack } from '../domain/rollout/carry.ts';
import { type RolloutView, rolloutDetails, rolloutView } from '../domain/rollout/details.ts';
import { type RolloutEvent, rolloutNotice } from '../domain/rollout/notices.ts';
import type { AdmittedRollout, RolloutOutcome, RolloutRequest } from '../domain/rollout/rollout.ts';
import {
  type RolloutPhase,
  type RolloutState,
  type RolloutWord,
  openState,
  possibleWords,
  spoke,
} from '../domain/rollout/state.ts';
import { outcomeAttribute, phaseAttribute } from '../domain/search-attributes.ts';
import { tellPeople } from './telling.ts';

/** What one run hands to the next. */
export interface Carried {
  readonly plan: AdmittedRollout;
  readonly state: PackedState;
  /** Unix ms. */
  readonly startedAt: number;
  /** How often each event was told. */
  readonly told: Readonly<Record<RolloutEvent, number>>;
}

export interface Rolling {
  readonly request: RolloutRequest;
  startedAt: number;
  /** null: nothing is admitted yet. */
  plan: AdmittedRollout | null;
  state: RolloutState;
  /** Of an abort that came before anything was admitted. */
  abortedEarly: string | null;
  outcome: RolloutOutcome | null;
  told: Record<RolloutEvent, number>;
  /** Counts what happens: the loop waits for it to move. */
  version: number;
  phase(): RolloutPhase;
}

export function openRolling(request: RolloutRequest, carried: Carried | null): Rolling {
  const flow: Rolling = {
    request,
    startedAt: carried?.startedAt ?? Date.now(),
    plan: carried?.plan ?? null,
    state: carried === null ? openState({ waves: [] }) : unpack(carried.state, carried.plan),
    abortedEarly: null,
    outcome: null,
    told: { started: 0, halted: 0, ended: 0, ...carried?.told },
    version: 0,
    phase: () => (flow.outcome !== null ? 'closed' : flow.plan === null ? 'admit' : flow.state.phase),
  };
  return flow;
}

const notAdmitted: AdmittedRollout = {
  waves: [],
  concurrency: 1,
  pauseMs: 0,
  budget: { reverts: 0, failures: 0, redDependents: 0 },
  onHalt: 'undo',
  askMs: 0,
  requestedBy: '',
  reason: '',
  notify: null,
};

export function viewOf(flow: Rolling): RolloutView {
  const { request, plan, outcome } = flow;
  const { requestedBy, reason } = claimsOf(request);
  const state = { ...flow.state, phase: flow.phase() };
  return rolloutView(state, plan ?? { ...notAdmitted, requestedBy, reason }, { rolloutId: request.rolloutId, outcome });
}

export function possible(flow: Rolling): readonly RolloutWord[] {
  return flow.abortedEarly === null ? possibleWords({ ...flow.state, phase: flow.phase() }) : [];
}

/** Takes a new state, shows it, and wakes the loop. */
export function become(flow: Rolling, state: RolloutState): void {
  const { halt } = flow.state;
  const phase = flow.phase();
  flow.state = state;
  flow.version += 1;
  if (halt === null && state.halt !== null) void announce(flow, 'halted');
  show(flow, phase);
}

/** `word` must be possible. */
export function say(flow: Rolling, word: RolloutWord, saying: string): void {
  if (flow.plan === null) {
    flow.abortedEarly = saying;
    flow.version += 1;
  } else become(flow, spoke(flow.state, word, saying, flow.plan, Date.now()));
}

/** `before`: the phase that was shown; lists are told only of another. */
export function show(flow: Rolling, before: RolloutPhase | null): void {
  setCurrentDetails(rolloutDetails(viewOf(flow)));
  const phase = flow.phase();
  if (phase !== before)
    upsertSearchAttributes([
      { key: phaseAttribute, value: `rollout-${phase}` },
      { key: outcomeAttribute, value: flow.outcome },
    ]);
}

/** Nobody waits for it; who ends right after must. */
export function announce(flow: Rolling, event: RolloutEvent): Promise<unknown> {
  const { plan, told } = flow;
  told[event] += 1;
  if (plan === null || plan.notify === null) return Promise.resolve();
  const { workflowId, runId } = workflowInfo();
  const notice = rolloutNotice(event, told[event], viewOf(flow), { workflowId, runId, at: Date.now() });
  return tellPeople(notice, deliveryOf(plan.notify, notice));
}
