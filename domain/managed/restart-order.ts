/** In which order the members of a cluster are restarted: a standby must never have less than its primary. Pure. */
import { standbySettings } from '../standby.ts';

export type RestartOrder = 'standbys-first' | 'leader-first';

export interface Moved {
  readonly name: string;
  /** In the setting's base unit. */
  readonly from: number;
  readonly to: number;
}

/**
 * Raised, standbys first: the primary must not write what they could not replay. Lowered only, the primary first: a
 * standby may have less once it has replayed that. Raised and lowered at once, standbys first, and those that then still
 * wait once more afterwards. Whatever else needs a restart: standbys first, so that the primary is down once, and last.
 */
export function restartOrder(moved: readonly Moved[]): RestartOrder {
  const bound = moved.filter(({ name }) => standbySettings.includes(name));
  const raised = bound.some(({ from, to }) => to > from);
  const lowered = bound.some(({ from, to }) => to < from);
  return lowered && !raised ? 'leader-first' : 'standbys-first';
}

/** The last round of a raise is for standbys that could not go lower before their primary had; mostly nobody is left. */
export function restartRounds(order: RestartOrder): readonly ('standbys' | 'leader')[] {
  return order === 'leader-first' ? ['leader', 'standbys'] : ['standbys', 'leader', 'standbys'];
}
