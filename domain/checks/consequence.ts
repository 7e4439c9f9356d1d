/** What a failing check brings: a revert, a hold, a word to its team, nothing, or a line in the records. */
import type { CheckSpec } from '../check.ts';

type Says = Pick<CheckSpec, 'level' | 'onFail' | 'shadow'>;

/** Never ends a watch; when it would have is recorded all the same. */
export function isBystander({ onFail, shadow }: Says): boolean {
  return shadow === true || onFail === 'notify';
}

/** `required`, `required, hold`, `advisory`, `advisory, notify` or `shadow`. */
export function levelText({ level, onFail, shadow }: Says): string {
  if (shadow === true) return 'shadow';
  return onFail === undefined ? level : `${level}, ${onFail}`;
}

/** What a shadow check's finding would have brought. */
export function wouldHave({ onFail }: Says): string {
  return onFail === undefined ? 'would have reverted the change' : `would have ${would[onFail]}`;
}

const would = { hold: 'held the change', notify: 'told its team' } as const;
