/** What a change can be told now: its phase, and who is being called about it, decide. */
import type { Flow, ToldNotice } from './flow.ts';

/** The Updates that would have an effect in this phase; validators and details read the same list. */
export function possibleNow(flow: Flow): string[] {
  return [...possibleInPhase(flow), ...(flow.told.some(isCalling) ? ['acknowledge'] : [])];
}

/** Somebody is being called, and nobody has taken it. */
export function isCalling({ callsUntil, isOver, acknowledgedBy }: ToldNotice): boolean {
  return callsUntil !== null && Date.now() < callsUntil && !isOver && acknowledgedBy === '';
}

function possibleInPhase(flow: Flow): string[] {
  const pipeline = flow.claims.changeKind === 'external' && !flow.pipelineSpoke;
  switch (flow.phase) {
    case 'approve':
      return ['approve', 'reject', 'abort', 'extend'];
    case 'apply':
      return pipeline ? ['applied', 'failed', 'abort', 'extend'] : ['abort'];
    case 'watch':
      return flow.change?.policy.allowEarlyConfirm ? ['confirm', 'abort', 'extend'] : ['abort', 'extend'];
    case 'hold':
      return ['confirm', 'abort', 'extend'];
    case 'revert':
      return pipeline ? ['failed'] : [];
    case 'revert-incomplete':
      return [...(flow.held === null ? [] : ['approve', 'reject']), ...(pipeline ? ['failed'] : []), 'abandon'];
    case 'snapshot':
    case 'baseline':
    case 'preflight':
    case 'arm':
      return ['abort'];
    case 'confirm':
    case 'verify':
    case 'report':
    case 'closed':
      return [];
    default:
      return flow.phase satisfies never;
  }
}
