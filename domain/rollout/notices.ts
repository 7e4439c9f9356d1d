/** What people are told of a rollout: that it began, was halted, is undone or done. Its changes tell of themselves. Pure. */
import { countText } from '../format.ts';
import { asFact, asHeadline, type Notice, type NoticeKind, type Severity } from '../notify/notice.ts';
import type { RolloutView } from './details.ts';

export type RolloutEvent = 'started' | 'halted' | 'ended';

interface Where {
  readonly workflowId: string;
  readonly runId: string;
  readonly at: number;
}

/** What stands in the place of a target's name: a rollout has many. */
export const fleet = 'fleet';

const mostNames = 10;

/** `n`: the how-manieth of its kind in this rollout, from 1. */
export function rolloutNotice(event: RolloutEvent, n: number, view: RolloutView, where: Where): Notice {
  const { rolloutId } = view;
  const { kind, severity, headline, ends, actions = [] } = content(event, view);
  const facts = view.targets.filter(({ why }) => why !== '').map(({ name, state, why }) => `${name} ${state}: ${why}`);
  return {
    kind,
    // No name holds a dot: it is no change's key.
    key: `rollout.${rolloutId}:${event}:${n}`,
    severity,
    target: fleet,
    changeId: rolloutId,
    ...where,
    headline: asHeadline(headline),
    facts: [
      ...(view.reason === '' ? [] : [`reason: ${view.reason}`]),
      ...facts.slice(0, mostNames),
      ...(facts.length > mostNames ? [`and ${facts.length - mostNames} more`] : []),
    ].map(asFact),
    actions,
    dependents: [],
    ends,
  };
}

interface Content {
  readonly kind: NoticeKind;
  readonly severity: Severity;
  readonly headline: string;
  readonly ends: boolean;
  readonly actions?: readonly string[];
}

function content(event: RolloutEvent, view: RolloutView): Content {
  const name = `rollout ${view.rolloutId}`;
  const of = `${countText(view.targets.length, 'target')} in ${countText(view.waves, 'wave')}`;
  if (event === 'started') return { kind: 'armed', severity: 'info', headline: `${name} begins: ${of}`, ends: false };
  if (event === 'halted') {
    const why = `${name} is halted in wave ${view.wave + 1} of ${view.waves}: ${view.halt ?? ''}`;
    const asks = view.phase === 'ask';
    return {
      kind: view.phase === 'undo' ? 'reverting' : 'holding',
      severity: 'warning',
      headline: why,
      ends: false,
      actions: asks ? [view.next, 'say undo, keep or continue with "name: reason"'] : [],
    };
  }
  switch (view.outcome) {
    case 'done':
      return { kind: 'kept', severity: 'info', headline: `${name} is done: ${of}`, ends: true };
    case 'undone':
      return { kind: 'reverted', severity: 'warning', headline: `${name} is undone on every target`, ends: true };
    case 'undone-in-part':
      return { kind: 'ended', severity: 'warning', headline: `${name} is undone, but not everywhere`, ends: true };
    default:
      return { kind: 'ended', severity: 'warning', headline: `${name} has ended: ${view.outcome ?? ''}`, ends: true };
  }
}
